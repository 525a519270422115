"""What `kubectl kustomize FOLDER` renders, of the part of Kustomize that deploy/kubernetes uses: resources, which are files
and folders, generated ConfigMaps, whose names tell of what is in them, suffixes of names, labels, and patches that stand in
the file."""
import hashlib
import json
import pathlib

import yaml

KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator", "nameSuffix", "labels", "patches"}


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


def name_of(each):
    return each["kind"], each["metadata"]["name"]


def merge(node, change):
    """A strategic merge: lists of what has names are merged by them, other lists are replaced."""
    for key, value in change.items():
        if isinstance(value, dict):
            merge(node.setdefault(key, {}), value)
        elif isinstance(value, list) and all(isinstance(each, dict) and "name" in each for each in value):
            by_name = {each["name"]: each for each in node.setdefault(key, [])}
            for each in value:
                merge(by_name[each["name"]], each)
        else:
            node[key] = value


def add_labels(each, pairs):
    """Everywhere that tells which pods belong to an object, too."""
    spec = each.get("spec", {})
    places = [each["metadata"].setdefault("labels", {})]
    if each["kind"] == "Service":
        places.append(spec["selector"])
    elif "selector" in spec:
        places.append(spec["selector"]["matchLabels"])
    if "template" in spec:
        places.append(spec["template"]["metadata"]["labels"])
        places += [constraint["labelSelector"]["matchLabels"]
                   for constraint in spec["template"]["spec"].get("topologySpreadConstraints", [])]
    for place in places:
        place.update(pairs)


def add_suffix(objects, suffix):
    """To the names of all, and where one names another of them."""
    names = {name_of(each) for each in objects}
    for each in objects:
        each["metadata"]["name"] += suffix
        target = each.get("spec", {}).get("scaleTargetRef", {})
        if (target.get("kind"), target.get("name")) in names:
            target["name"] += suffix


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
    for patch in kustomization.get("patches", []):
        change = yaml.safe_load(patch["patch"])
        merge(next(each for each in objects if name_of(each) == name_of(change)), change)
    for labels in kustomization.get("labels", []):
        for each in objects:
            add_labels(each, labels["pairs"])
    add_suffix(objects, kustomization.get("nameSuffix", ""))
    names = {}
    for generator in kustomization.get("configMapGenerator", []):
        data = {name: (folder / name).read_text() for name in generator["files"]}
        names[generator["name"]] = f"{generator['name']}-{hash_of(data)}"
        objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": names[generator["name"]]}, "data": data})
    rename(objects, names)
    return objects
