package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.com/gatehouse/models"
)

// Permission is that of package models, which needs it for Actor.May.
type Permission = models.Permission

// ErrForbidden means that the actor lacks the permission for a call.
var ErrForbidden = models.ErrForbidden

// The permissions that the code asks for. A test fails for one that no role has.
const (
	// ReadReports lets a user see figures about all users.
	ReadReports Permission = "reports.read"
)

// Role is a set of permissions under a name. The operator grants it with the
// command "user grant".
type Role struct {
	// Name is one word in lower case. The rows of users who have the role
	// contain it.
	Name        string
	Permissions []Permission
}

// Roles returns the roles of the product. Add a role here, or a permission to
// one. A user whose role is no longer in the list loses what it permitted.
func Roles() []Role {
	return []Role{
		{Name: "admin", Permissions: []Permission{ReadReports}},
	}
}

// permissionsOf returns what roles with these names permit.
func permissionsOf(names []string) (permissions []Permission) {
	if len(names) == 0 {
		return nil
	}
	for _, role := range Roles() {
		if slices.Contains(names, role.Name) {
			permissions = append(permissions, role.Permissions...)
		}
	}
	return permissions
}

// UnknownRole is the error for a role that is not in the list. It is the name.
type UnknownRole string

func (r UnknownRole) Error() string {
	var names []string
	for _, role := range Roles() {
		names = append(names, role.Name)
	}
	return fmt.Sprintf("there is no role %q; the roles are: %s", string(r), strings.Join(names, ", "))
}

func knowsRole(name string) bool {
	return slices.ContainsFunc(Roles(), func(role Role) bool { return role.Name == name })
}

// The events of roles.
const (
	EventRoleGranted = "role.granted"
	EventRoleRevoked = "role.revoked"
)

// GrantRole gives the user with the address a role, from their next request on.
// It reports false if the user has it already. The operator calls it. The error
// may be an Invalid, ErrNoAccount or an UnknownRole.
func (a *Auth) GrantRole(ctx context.Context, address, role string) (granted bool, err error) {
	if !knowsRole(role) {
		return false, UnknownRole(role)
	}
	err = a.forOperator(ctx, address, func(t *Tx, user *models.User) (err error) {
		row := models.UserRole{ID: NewID(), UserID: user.ID, Role: role, CreatedAt: t.Now()}
		if granted, err = models.GrantRole(t.DB, &row); err != nil {
			return fmt.Errorf("grant the role: %w", err)
		}
		if !granted {
			return nil
		}
		return a.Record(t, EventRoleGranted, Subject{UserID: &user.ID}, Detail{"role": role})
	})
	return granted, err
}

// RevokeRole takes a role from the user with the address, from their next
// request on. It reports false if the user lacks it. The operator calls it. A
// role that is no longer in the list can be taken from the users who have it.
// The error may be an Invalid, ErrNoAccount or an UnknownRole.
func (a *Auth) RevokeRole(ctx context.Context, address, role string) (revoked bool, err error) {
	err = a.forOperator(ctx, address, func(t *Tx, user *models.User) (err error) {
		if revoked, err = models.RevokeRole(t.DB, user.ID, role); err != nil {
			return fmt.Errorf("revoke the role: %w", err)
		}
		if !revoked {
			return nil
		}
		return a.Record(t, EventRoleRevoked, Subject{UserID: &user.ID}, Detail{"role": role})
	})
	if err == nil && !revoked && !knowsRole(role) {
		err = UnknownRole(role)
	}
	return revoked, err
}
