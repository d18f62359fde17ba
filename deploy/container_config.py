"""The configuration that an OCI runtime such as crun starts an image with.

What `docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network host` makes of it.
"""

NAMESPACES = ("pid", "ipc", "uts", "mount")


def container_config(root, image, environment=(), mounts=()):
    """`image` is the image's own configuration (Entrypoint, Env, User ...); `mounts` are pairs (here, there)."""
    uid, gid = (int(number) for number in image["User"].split(":"))
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(root), "readonly": True},
        "process": {
            "args": image["Entrypoint"] + (image.get("Cmd") or []),
            "env": image["Env"] + list(environment),
            "cwd": image["WorkingDir"] or "/",
            "user": {"uid": uid, "gid": gid},
            "noNewPrivileges": True,
            "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted")},
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]},
            *({"destination": str(there), "type": "bind", "source": str(here), "options": ["bind", "ro"]}
              for here, there in mounts),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in NAMESPACES]},
    }
