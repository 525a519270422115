// The stages that there are, each in a file of its own, read from their options.
#pragma once

#include "agent/pipeline/pipeline.h"

namespace YAML {
class Node;
}

namespace logi::agent {

// A list of maps with one key each. Throws config::BadConfig.
PipelineSpec read_pipeline(const YAML::Node& list);

// The options of one stage, checked; throw config::BadConfig.
StageMaker read_cri_stage(const YAML::Node& options);
StageMaker read_decolorize_stage(const YAML::Node& options);
StageMaker read_docker_stage(const YAML::Node& options);
StageMaker read_drop_stage(const YAML::Node& options);
StageMaker read_event_log_message_stage(const YAML::Node& options);
StageMaker read_geoip_stage(const YAML::Node& options);
StageMaker read_json_stage(const YAML::Node& options);
StageMaker read_label_allow_stage(const YAML::Node& options);
StageMaker read_label_drop_stage(const YAML::Node& options);
StageMaker read_labels_stage(const YAML::Node& options);
StageMaker read_limit_stage(const YAML::Node& options);
StageMaker read_logfmt_stage(const YAML::Node& options);
StageMaker read_match_stage(const YAML::Node& options);
StageMaker read_metrics_stage(const YAML::Node& options);
StageMaker read_multiline_stage(const YAML::Node& options);
StageMaker read_output_stage(const YAML::Node& options);
StageMaker read_pack_stage(const YAML::Node& options);
StageMaker read_regex_stage(const YAML::Node& options);
StageMaker read_replace_stage(const YAML::Node& options);
StageMaker read_sampling_stage(const YAML::Node& options);
StageMaker read_static_labels_stage(const YAML::Node& options);
StageMaker read_structured_metadata_stage(const YAML::Node& options);
StageMaker read_template_stage(const YAML::Node& options);
StageMaker read_tenant_stage(const YAML::Node& options);
StageMaker read_timestamp_stage(const YAML::Node& options);

}  // namespace logi::agent
