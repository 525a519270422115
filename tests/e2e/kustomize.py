"""What `kubectl kustomize FOLDER` renders, of the part of Kustomize that deploy/kubernetes uses: resources, which are files
and folders, and generated ConfigMaps, whose names tell of what is in them."""
import hashlib
import json
import pathlib

import yaml

KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator"}


def hash_of(data):
    """As Kustomize has it: of a ConfigMap without a name as JSON, in digits that make no words."""
    text = json.dumps({"kind": "ConfigMap", "name": "", "data": data}, sort_keys=True, separators=(",", ":"),
                      ensure_ascii=False)
    for char, code in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e")):
        text = text.replace(char, code)
    digits = hashlib.sha256(text.encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))


def rename(node, names):
    """Where pods name a ConfigMap."""
    if isinstance(node, list):
        for each in node:
            rename(each, names)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("configMap", "configMapRef", "configMapKeyRef"):
                value["name"] = names.get(value["name"], value["name"])
            rename(value, names)


def render(folder):
    """The objects, as the YAML has them."""
    folder = pathlib.Path(folder)
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if not set(kustomization) <= KNOWN:
        raise ValueError(f"{folder}: {set(kustomization) - KNOWN} cannot be rendered here")
    objects = []
    for name in kustomization.get("resources", []):
        place = folder / name
        objects += render(place) if place.is_dir() else list(yaml.safe_load_all(place.read_text()))
    names = {}
    for generator in kustomization.get("configMapGenerator", []):
        data = {name: (folder / name).read_text() for name in generator["files"]}
        names[generator["name"]] = f"{generator['name']}-{hash_of(data)}"
        objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": names[generator["name"]]}, "data": data})
    rename(objects, names)
    return objects
