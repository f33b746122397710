package ui

import "context"

// OriginProofField is the field with which a form proves that this site sent it.
const OriginProofField = "origin_proof"

type originProofKey struct{}

// WithOriginProof returns a context for a page whose forms prove their origin;
// with "" they need no proof.
func WithOriginProof(ctx context.Context, authn string) context.Context {
	return context.WithValue(ctx, originProofKey{}, authn)
}

// OriginProof returns the proof for a form that may stand on a page without a
// referrer; "" where none is needed.
func OriginProof(ctx context.Context) string {
	authn, _ := ctx.Value(originProofKey{}).(string)
	return authn
}
