# The server as an image: `docker build -t lqvg-serve .`, with `--build-arg DEVICE=cuda` for one that also runs on
# NVIDIA's GPUs. deploy/test-image.sh builds it without a daemon and tests what is promised here; deploy/README.md says
# how to run it.
#
# Stages: `build` compiles; `runtime-cpu` holds what the programs need of others, `runtime-cuda` NVIDIA's libraries
# beside that; the last one adds the programs. So a new version of ours is a new layer of a few megabytes.
ARG DEVICE=cpu

FROM docker.io/library/debian:bookworm-slim AS build
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY tools/install_dependencies.sh tools/requirements.txt tools/libtorch.txt tools/
# Both secrets are optional, and leave nothing behind: `--secret id=pip.conf,src=...` where packages come from an index
# of one's own, `--secret id=ca.crt,src=...` where a proxy opens TLS.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.crt,target=/usr/local/share/ca-certificates/build.crt \
    tools/install_dependencies.sh && rm -rf /var/lib/apt/lists/*
COPY . .
ARG REVISION=
# ccache takes the language into account: this is the one that a cache from elsewhere was most likely filled under.
ENV LANG=C.UTF-8
RUN --mount=type=cache,id=lqvg-ccache,target=/root/.cache/ccache \
    cmake --preset release -DLQVG_COMMIT="${REVISION}" && \
    make build TARGETS="lqvg-server lqvg" && \
    cmake --install build --prefix /install/libtorch --component libtorch && \
    cmake --install build --prefix /install/programs --component server --strip && \
    cmake --install build --prefix /install/programs --component client --strip && \
    rm -rf build

FROM docker.io/library/debian:bookworm-slim AS runtime-cpu
RUN --mount=type=bind,source=tools,target=/mnt \
    /mnt/install_dependencies.sh --runtime && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log
COPY --from=build /install/libtorch /usr

# What torch's wheel names and libtorch_cuda.so loads, as the wheels lay it out: beside the CPU's part.
FROM build AS cuda
COPY tools/libtorch-cuda.txt tools/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    .deps/venv/bin/pip install --no-compile --no-deps --require-hashes --only-binary=:all: \
      --target /install/cuda -r tools/libtorch-cuda.txt && \
    cd /install/cuda && find nvidia -mindepth 2 -maxdepth 2 ! -name lib -exec rm -rf {} + && \
    find . -name '*.a' -delete && rm -rf bin && \
    mkdir -p torch/lib && cd /src/.deps/libtorch/torch/lib && \
    cp -a libtorch_cuda.so libtorch_cuda_linalg.so libtorch_nvshmem.so libc10_cuda.so libcaffe2_nvrtc.so \
      /install/cuda/torch/lib/

FROM runtime-cpu AS runtime-cuda
COPY --from=cuda /install/cuda /usr/lib/lqvg-serve
ENV LQVG_DEVICE=cuda \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    CUDA_CACHE_PATH=/tmp/.nv

FROM runtime-${DEVICE}
COPY --from=build /install/programs /usr
# Serves the demo model. Others are mounted: `-v /srv/models:/models:ro -e LQVG_MODEL=/models/lqvg-rsvg-hr`.

# All interfaces of the container, in plaintext: its loopback interface could not be reached from outside, and the
# container cannot know what is outside. Who runs it draws the border: publish the ports on 127.0.0.1, to a proxy that
# ends TLS, or in a network of their own.
ENV LQVG_LISTEN=0.0.0.0:50051 \
    LQVG_METRICS_LISTEN=0.0.0.0:9464 \
    LQVG_INSECURE=true \
    LQVG_LOG_FORMAT=json \
    OMP_WAIT_POLICY=PASSIVE
EXPOSE 50051 9464

# A number, so that an orchestrator can see that it is not root's. Nothing is written but /tmp: the root may be
# read-only.
USER 65532:65532
WORKDIR /tmp
STOPSIGNAL SIGTERM
# Ready: a full-size model loads within 120 s.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["lqvg", "health", "--server", "127.0.0.1:50051", "--timeout", "3s"]
ENTRYPOINT ["lqvg-server"]

ARG VERSION=
ARG REVISION=
ARG SOURCE=
LABEL org.opencontainers.image.title="lqvg-serve" \
      org.opencontainers.image.description="gRPC server that finds what expressions describe in pictures" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
