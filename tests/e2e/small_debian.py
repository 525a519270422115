"""A small Debian, copied from this machine: what an image begins with where there is no registry."""
import glob
import os
import re
import subprocess

FIELDS = r"${Package}\t${binary:Package}\t${Essential}\t${Provides}\t${Pre-Depends}, ${Depends}\n"
LEFT_OUT = re.compile(r"/usr/share/(doc|man|info|locale)/.")
# Those who have none of their packages' files.
BESIDE = ("/bin", "/sbin", "/lib", "/lib64", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow",
          "/bin/sh", "/var/lib/dpkg/info/format")


def names_in(relations):
    """Of "a (>= 1) | b, c:any" [[a, b], [c]]."""
    groups = [re.findall(r"(?:^|\|)\s*([a-z0-9][a-z0-9+.-]*)", group.strip()) for group in relations.split(",")]
    return [group for group in groups if group]


def installed():
    """Name → (name as dpkg lists it, whether it is essential, what it needs), also by what packages provide."""
    rows = [row.split("\t") for row in
            subprocess.run(["dpkg-query", "-W", "-f", FIELDS], capture_output=True, text=True, check=True).stdout.splitlines()]
    packages = {name: (listed, essential == "yes", names_in(needs)) for name, listed, essential, _, needs in rows}
    for name, _, _, provides, _ in rows:
        for group in names_in(provides):
            packages.setdefault(group[0], packages[name])
    return packages


def closure(wanted):
    packages = installed()
    todo = [name for name, (_, essential, _) in packages.items() if essential] + list(wanted)
    found = {}
    while todo:
        listed, _, needs = packages[todo.pop()]
        if listed not in found:
            found[listed] = True
            todo += [next(name for name in group if name in packages) for group in needs]
    return sorted(found)


def copy(folder, wanted):
    """Puts essential packages, those wanted, and what they need into the folder, where apt and dpkg know of them. apt has no
    sources there."""
    packages = closure(wanted)
    listed = subprocess.run(["dpkg-query", "-L", *packages], capture_output=True, text=True, check=True).stdout.splitlines()
    files = {path for path in listed if os.path.lexists(path) and not LEFT_OUT.match(path) and path != "/."}
    # Names like /bin/sh stand for /usr/bin/sh.
    files = {os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)) for path in files | set(BESIDE)}
    for package in packages:
        files |= set(glob.glob(f"/var/lib/dpkg/info/{package}.*")) | set(glob.glob(f"/var/lib/dpkg/info/{package}:*.*"))
    archive = subprocess.Popen(["tar", "-c", "-C", "/", "--no-recursion", "--null", "-T", "-"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    unpack = subprocess.Popen(["tar", "-x", "-p", "-C", folder], stdin=archive.stdout)
    archive.stdout.close()
    archive.stdin.write("\0".join(sorted(path.lstrip("/") for path in files)).encode())
    archive.stdin.close()
    if archive.wait() or unpack.wait():
        raise RuntimeError("files could not be copied")
    for name in ("var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/cache/apt/archives/partial", "root"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    os.chmod(os.path.join(folder, "tmp"), 0o1777)
    with open(os.path.join(folder, "var/lib/dpkg/status"), "wb") as status:
        subprocess.run(["dpkg-query", "-s", *packages], stdout=status, check=True)
