FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/app . && mkdir /out/data

# Without a shell or a package manager there is little for an intruder to use; certificates and time zones are in it.
FROM gcr.io/distroless/static-debian12:nonroot
WORKDIR /app
COPY --from=build /out/app ./
COPY --from=build --chown=nonroot:nonroot /out/data data
# No DATABASE_URL: an image that is started without one says so, instead of keeping accounts in a file that goes with the container.
ENV APP_ENV=production HOST=0.0.0.0 PORT=3000
VOLUME /app/data
EXPOSE 3000
ENTRYPOINT ["/app/app"]
