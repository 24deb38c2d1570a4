# docker build -t vestibule .                    the product
# docker build -t vestibule-demo --target demo . the development OP and the sample API (never for production)

ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

# Install scripts stay off: the only ones here fetch the Node binary for development machines, and the
# image has its own Node.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-update-notifier && npm cache clean --force >/dev/null 2>&1

FROM dependencies AS build
COPY tsconfig.json tsconfig.build.json tsconfig.guard.json nest-cli.json ./
COPY src ./src
RUN npm run build && npm run -s sbom && npm prune --omit=dev --ignore-scripts --no-update-notifier

# What runs Node and nothing else: its binary, the libraries that it is linked with, and who the user "node" is. No
# shell, no package manager: whoever breaks in finds no tool. C library and names are Debian's, as in the base image.
FROM ${NODE_IMAGE} AS root
RUN mkdir -p /root-fs/etc /root-fs/usr/local/bin /root-fs/usr/share/doc && \
    install -d -m 1777 /root-fs/tmp && \
    cp /usr/local/bin/node /root-fs/usr/local/bin/ && \
    ldd /usr/local/bin/node | grep -o '/[^ ]*' | while read -r library; do \
      cp -L --parents "$library" /root-fs; done && \
    grep -E '^(root|node):' /etc/passwd >/root-fs/etc/passwd && \
    grep -E '^(root|node):' /etc/group >/root-fs/etc/group && \
    cp -L /etc/nsswitch.conf /etc/os-release /root-fs/etc/ && \
    cp -r --parents /usr/share/doc/libc6 /usr/share/doc/libgcc-s1 /usr/share/doc/libstdc++6 /root-fs

# Not the default target: it holds the development dependencies and an identity provider without passwords.
FROM ${NODE_IMAGE} AS demo
LABEL org.opencontainers.image.title="vestibule-demo" \
      org.opencontainers.image.description="Development OpenID Provider and sample API of the Vestibule demo" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=dependencies /app /app
COPY --from=build /app/dist/guard ./dist/guard
COPY demo ./demo
USER node
EXPOSE 4000 4001
CMD ["node", "demo/op/main.ts"]

# Last, so that a build without --target makes the product. Everything belongs to root and is only read:
# the process runs as "node" and needs no writable file system.
FROM scratch AS runtime
LABEL org.opencontainers.image.title="vestibule" \
      org.opencontainers.image.description="A backend-for-frontend login proxy: the browser holds one httpOnly cookie, the tokens stay inside" \
      org.opencontainers.image.licenses="MIT"
# Both listeners on all interfaces of the container: its loopback reaches nobody. Publish PORT alone.
ENV PATH=/usr/local/bin \
    NODE_ENV=production \
    HOST=0.0.0.0 \
    INTERNAL_HOST=0.0.0.0
COPY --from=root /root-fs /
WORKDIR /app
COPY --from=build /app/package.json /app/sbom.cdx.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# By number, so that an orchestrator can see that it is not root.
USER 1000:1000
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.INTERNAL_PORT || 3001}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# What each flag is for stands in README.md, "Running it: Memory".
ENTRYPOINT ["node", "--max-semi-space-size=4", "--v8-pool-size=1", "--heap-growing-percent=200", "--expose-gc", "dist/main.js"]
