"""deploy/kubernetes: what Kustomize makes of it is what Kubernetes' API takes, fits together, and has configurations and
command lines that Logi takes."""
import copy
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import yaml

import clients
import kustomize
from harness import BINARY
from packed import run

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy/kubernetes"
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())


def check(objects):
    """What is wrong with each by the schemas of the API."""
    return [json.loads(line) for line in clients.run("kubernetes.js", lines=map(json.dumps, objects)).splitlines()]


def pods_of(objects):
    """(object, template of its pods)."""
    return [(each, each["spec"]["template"]) for each in objects if each["kind"] in ("StatefulSet", "Deployment")]


def is_selected(selector, template):
    return selector.items() <= template["metadata"]["labels"].items()


class Kubernetes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rendered = {name: kustomize.render(FOLDER / "overlays" / name) for name in OVERLAYS}

    @unittest.skipUnless(shutil.which("kubectl"), "kubectl is not here; our own rendering is checked all the same")
    def test_kubectl_renders_the_same(self):
        def by_name(objects):
            return {(each["kind"], each["metadata"]["name"]): each for each in objects}
        for name, objects in self.rendered.items():
            theirs = yaml.safe_load_all(run("kubectl", "kustomize", str(FOLDER / "overlays" / name)))
            self.assertEqual(by_name(objects), by_name(theirs))

    def test_the_api_takes_them(self):
        for objects in self.rendered.values():
            self.assertEqual([wrong for wrong in check(objects) if wrong], [])
            names = [(each["kind"], each["metadata"]["name"]) for each in objects]
            self.assertEqual(len(names), len(set(names)))

    def test_what_is_wrong_is_seen(self):
        good = pods_of(self.rendered["single"])[0][0]
        changes = (lambda o: o["spec"].pop("selector"), lambda o: o["spec"].update(replicas="one"),
                   lambda o: o["spec"].update(replicaz=1),
                   lambda o: o["spec"]["template"]["spec"]["containers"][0].pop("name"),
                   lambda o: o["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"].update(pfad="/"),
                   lambda o: o["spec"]["template"]["spec"]["securityContext"].update(runAsRoot=True))
        bad = [copy.deepcopy(good) for _ in changes]
        for each, change in zip(bad, changes):
            change(each)
        self.assertTrue(all(check(bad)))

    def test_they_fit_together(self):
        for objects in self.rendered.values():
            names = {(each["kind"], each["metadata"]["name"]) for each in objects}
            for each, template in pods_of(objects):
                self.assertTrue(is_selected(each["spec"]["selector"]["matchLabels"], template))
                self.assertIn(("ServiceAccount", template["spec"]["serviceAccountName"]), names)
                if each["kind"] == "StatefulSet":
                    self.assertIn(("Service", each["spec"]["serviceName"]), names)
                self.check_volumes(each, template, names)
            for each in objects:
                self.check_references(each, objects)

    def check_volumes(self, owner, template, names):
        there = {volume["name"] for volume in template["spec"]["volumes"]}
        there |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
        for container in template["spec"]["containers"]:
            self.assertLessEqual({mount["name"] for mount in container["volumeMounts"]}, there)
        for volume in template["spec"]["volumes"]:
            if "configMap" in volume:
                self.assertIn(("ConfigMap", volume["configMap"]["name"]), names)

    def check_references(self, each, objects):
        """Of services, budgets and autoscalers, to pods."""
        if each["kind"] == "Service":
            selected = [template for _, template in pods_of(objects) if is_selected(each["spec"]["selector"], template)]
            self.assertTrue(selected, each["metadata"])
            for template in selected:
                ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
                self.assertLessEqual({port["targetPort"] for port in each["spec"]["ports"]}, ports)
        elif each["kind"] == "PodDisruptionBudget":
            self.assertTrue(any(is_selected(each["spec"]["selector"]["matchLabels"], template)
                                for _, template in pods_of(objects)))
        elif each["kind"] == "HorizontalPodAutoscaler":
            target = each["spec"]["scaleTargetRef"]
            self.assertIn((target["kind"], target["name"]), [(o["kind"], o["metadata"]["name"]) for o in objects])

    def test_pods_are_hardened_and_probed(self):
        for objects in self.rendered.values():
            for _, template in pods_of(objects):
                self.assertTrue(template["spec"]["securityContext"]["runAsNonRoot"])
                for container in template["spec"]["containers"]:
                    security = container["securityContext"]
                    self.assertEqual((security["allowPrivilegeEscalation"], security["readOnlyRootFilesystem"],
                                      security["capabilities"]), (False, True, {"drop": ["ALL"]}))
                    ports = {port["name"] for port in container["ports"]}
                    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                        how = container[probe]
                        self.assertIn(how.get("httpGet", how.get("tcpSocket"))["port"], ports)
                    self.assertIn("memory", container["resources"]["limits"])

    def test_scaled_is_without_volumes_and_grows(self):
        objects = self.rendered["scaled"]
        roles = {each["metadata"]["name"] for each, _ in pods_of(objects)}
        self.assertEqual(roles, {"logi-write", "logi-read", "logi-compact", "logi-rule"})
        for each, template in pods_of(objects):
            self.assertEqual(each["kind"], "Deployment")
            self.assertFalse([volume for volume in template["spec"]["volumes"] if "persistentVolumeClaim" in volume])
            self.assertIn("--role=" + each["metadata"]["name"].removeprefix("logi-"), template["spec"]["containers"][0]["args"][-1])
        grown = {each["spec"]["scaleTargetRef"]["name"] for each in objects if each["kind"] == "HorizontalPodAutoscaler"}
        self.assertEqual(grown, {"logi-write", "logi-read"})
        budgets = {each["metadata"]["name"] for each in objects if each["kind"] == "PodDisruptionBudget"}
        self.assertEqual(budgets, roles)

    def test_scaled_pods_call_each_other(self):
        objects = self.rendered["scaled"]
        config = next(yaml.safe_load(each["data"]["server.yaml"]) for each in objects if each["kind"] == "ConfigMap")
        self.assertEqual(config["cluster"]["listen_address"], "")
        for _, template in pods_of(objects):
            container = template["spec"]["containers"][0]
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            self.assertEqual(config["cluster"]["listen_port"], ports["calls"])
            variables = {each["name"]: each["valueFrom"] for each in container["env"]}
            self.assertEqual(variables["POD_IP"], {"fieldRef": {"fieldPath": "status.podIP"}})
            self.assertIn("secretKeyRef", variables["LOGI_CLUSTER_SECRET"])

    def test_logi_takes_configurations_and_command_lines(self):
        for objects in self.rendered.values():
            maps = {each["metadata"]["name"]: each["data"] for each in objects if each["kind"] == "ConfigMap"}
            for _, template in pods_of(objects):
                volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
                for container in template["spec"]["containers"]:
                    self.check_command(container, volumes, maps)

    def check_command(self, container, volumes, maps):
        with tempfile.TemporaryDirectory(prefix="logi-kubernetes-") as root:
            for mount in container["volumeMounts"]:
                config = volumes.get(mount["name"], {}).get("configMap")
                if config:
                    os.makedirs(root + mount["mountPath"])
                    for name, text in maps[config["name"]].items():
                        pathlib.Path(root + mount["mountPath"], name).write_text(text)
            arguments = [argument.replace("=/etc/", f"={root}/etc/") for argument in container["args"]]
            done = subprocess.run([BINARY, *arguments, "-verify-config"], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("without effect", done.stdout)


if __name__ == "__main__":
    unittest.main()
