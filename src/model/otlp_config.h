// What becomes of OTLP's attributes: Loki's otlp_config.
#pragma once

#include <string>
#include <vector>

namespace logi {

enum class OtlpAction { kIndexLabel, kStructuredMetadata, kDrop };

// Of one attribute, or of all whose whole name a regular expression matches.
struct OtlpAttributeRule {
    OtlpAction action = OtlpAction::kStructuredMetadata;
    std::vector<std::string> attributes;
    std::string regex;  // of the two, one is given
};

// Of the rules the first that knows an attribute counts; where none does it is metadata.
struct OtlpConfig {
    // Without the rules that default_index_labels make, which else come first.
    bool ignore_resource_defaults = false;
    std::vector<OtlpAttributeRule> resource_attributes;
    std::vector<OtlpAttributeRule> scope_attributes;  // none of them makes labels
    std::vector<OtlpAttributeRule> log_attributes;
    bool severity_text_as_label = false;
    // The same for all tenants: distributor.otlp_config.
    std::vector<std::string> default_index_labels = {"service.name",
                                                     "service.namespace",
                                                     "service.instance.id",
                                                     "deployment.environment",
                                                     "deployment.environment.name",
                                                     "cloud.region",
                                                     "cloud.availability_zone",
                                                     "k8s.cluster.name",
                                                     "k8s.namespace.name",
                                                     "k8s.pod.name",
                                                     "k8s.container.name",
                                                     "container.name",
                                                     "k8s.replicaset.name",
                                                     "k8s.deployment.name",
                                                     "k8s.statefulset.name",
                                                     "k8s.daemonset.name",
                                                     "k8s.cronjob.name",
                                                     "k8s.job.name"};
};

}  // namespace logi
