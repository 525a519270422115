#include "absl/strings/str_cat.h"
#include "agent/stages/stages.h"
#include "config/known_keys.h"
#include "config/sections.h"

#include <map>

namespace logi::agent {
namespace {

using Reader = StageMaker (*)(const YAML::Node&);

const std::map<std::string, Reader>& readers() {
    static const std::map<std::string, Reader> kReaders = {
        {"cri", read_cri_stage},
        {"decolorize", read_decolorize_stage},
        {"docker", read_docker_stage},
        {"drop", read_drop_stage},
        {"eventlogmessage", read_event_log_message_stage},
        {"geoip", read_geoip_stage},
        {"json", read_json_stage},
        {"labelallow", read_label_allow_stage},
        {"labeldrop", read_label_drop_stage},
        {"labels", read_labels_stage},
        {"limit", read_limit_stage},
        {"logfmt", read_logfmt_stage},
        {"match", read_match_stage},
        {"metrics", read_metrics_stage},
        {"multiline", read_multiline_stage},
        {"non_indexed_labels", read_structured_metadata_stage},
        {"output", read_output_stage},
        {"pack", read_pack_stage},
        {"regex", read_regex_stage},
        {"replace", read_replace_stage},
        {"sampling", read_sampling_stage},
        {"static_labels", read_static_labels_stage},
        {"structured_metadata", read_structured_metadata_stage},
        {"template", read_template_stage},
        {"tenant", read_tenant_stage},
        {"timestamp", read_timestamp_stage},
    };
    return kReaders;
}

void read_stage(const YAML::Node& item, PipelineSpec& spec) {
    if (!item.IsMap() || item.size() != 1) {
        config::refuse(item, "expected a stage: a map with the name of one stage as its key");
    }
    const auto only = *item.begin();
    const YAML::Node& key = only.first;
    const YAML::Node& options = only.second;
    const auto name = config::scalar<std::string>(key, "the name of a stage");
    if (name == "pipeline") {
        for (auto& stage : read_pipeline(options).stages) {
            spec.stages.push_back(std::move(stage));
        }
        return;
    }
    const auto reader = readers().find(name);
    if (reader == readers().end()) {
        std::vector<std::string> known;
        for (const auto& [known_name, unused] : readers()) {
            known.push_back(known_name);
        }
        config::refuse(key,
                       absl::StrCat("there is no stage '",
                                    name,
                                    "'; did you mean '",
                                    config::nearest_key(known, name),
                                    "'?"));
    }
    spec.stages.push_back({name, reader->second(options)});
}

}  // namespace

PipelineSpec read_pipeline(const YAML::Node& list) {
    PipelineSpec spec;
    if (!list.IsNull()) {
        config::read_list(list, "stages", [&](const YAML::Node& item) { read_stage(item, spec); });
    }
    return spec;
}

}  // namespace logi::agent
