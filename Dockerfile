# docker build --tag run_functions .
# docker run --volume ./run_functions.toml:/etc/run_functions/run_functions.toml:ro --volume chains:/var/lib/run_functions run_functions tasks::backup
# docker run --publish 127.0.0.1:7400:7400 --volume chains:/var/lib/run_functions run_functions serve

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release --bin run_functions \
 && strip target/release/run_functions

# Commands need a shell, and programs of their own: install those here.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --home-dir /var/lib/run_functions --no-create-home --shell /usr/sbin/nologin run_functions \
 && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/run_functions
COPY --from=build /src/target/release/run_functions /usr/bin/run_functions
ENV RUN_FUNCTIONS_RUN_ROOT=/var/lib/run_functions \
    RUN_FUNCTIONS_STATE_DIR=/var/lib/run_functions \
    RUN_FUNCTIONS_SERVER_LISTEN=0.0.0.0:7400 \
    RUN_FUNCTIONS_SERVER_INSECURE_HTTP=true
# A number, so that whoever starts it can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/run_functions
VOLUME /var/lib/run_functions
EXPOSE 7400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=1m --timeout=10s --start-period=30s CMD ["/usr/bin/run_functions", "status"]
ENTRYPOINT ["/usr/bin/run_functions"]
CMD ["--help"]
