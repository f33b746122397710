FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/app . && mkdir /out/data

# The image has certificates and time zones, but no shell and no package manager
# that an attacker could use.
FROM gcr.io/distroless/static-debian12:nonroot
WORKDIR /app
COPY --from=build /out/app ./
COPY --from=build --chown=nonroot:nonroot /out/data data
# DATABASE_URL is not set, so that a container started without one fails instead
# of storing accounts in a file that is deleted with it.
ENV APP_ENV=production HOST=0.0.0.0 PORT=3000
VOLUME /app/data
EXPOSE 3000
ENTRYPOINT ["/app/app"]
