// labels, static_labels, labeldrop, labelallow, structured_metadata and tenant: what is sent with
// the line.
#include "absl/strings/str_cat.h"
#include "agent/stages/options.h"
#include "base/utf8.h"

#include <algorithm>

namespace logi::agent {
namespace {

// {name: source}; where there is no source it is the name.
TextMap read_sources(const YAML::Node& options, const char* stage) {
    TextMap sources;
    set_text_map(sources)(options);
    if (sources.empty()) {
        config::refuse(options, absl::StrCat("the stage '", stage, "' needs at least one name"));
    }
    for (auto& [name, source] : sources) {
        if (!is_label_name(name)) {
            config::refuse(options, absl::StrCat("'", name, "' is no name of a label"));
        }
        source = source.empty() ? name : source;
    }
    return sources;
}

class LabelsStage final : public Stage {
  public:
    LabelsStage(std::shared_ptr<const TextMap> sources, const StageContext&)
        : sources_(std::move(sources)) {}
    Verdict process(Entry& entry) override {
        for (const auto& [name, source] : *sources_) {
            const auto value = entry.extracted.find(source);
            if (value.has_value() && base::is_utf8(*value)) {
                entry.labels.set(name, *value);
            }
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const TextMap> sources_;
};

class StaticLabelsStage final : public Stage {
  public:
    StaticLabelsStage(std::shared_ptr<const TextMap> values, const StageContext&)
        : values_(std::move(values)) {}
    Verdict process(Entry& entry) override {
        for (const auto& [name, value] : *values_) {
            entry.labels.set(name, value);
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const TextMap> values_;
};

using Names = std::vector<std::string>;

class LabelDropStage final : public Stage {
  public:
    LabelDropStage(std::shared_ptr<const Names> names, const StageContext&)
        : names_(std::move(names)) {}
    Verdict process(Entry& entry) override {
        for (const std::string& name : *names_) {
            entry.labels.remove(name);
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const Names> names_;
};

class LabelAllowStage final : public Stage {
  public:
    LabelAllowStage(std::shared_ptr<const Names> names, const StageContext&)
        : names_(std::move(names)) {}
    Verdict process(Entry& entry) override {
        entry.labels.retain([this](const std::string& name) {
            return std::find(names_->begin(), names_->end(), name) != names_->end();
        });
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const Names> names_;
};

class StructuredMetadataStage final : public Stage {
  public:
    StructuredMetadataStage(std::shared_ptr<const TextMap> sources, const StageContext&)
        : sources_(std::move(sources)) {}
    Verdict process(Entry& entry) override {
        for (const auto& [name, source] : *sources_) {
            const std::string* label = entry.labels.find(source);
            const auto extracted = entry.extracted.find(source);
            if (!extracted.has_value() && label == nullptr) {
                continue;
            }
            LabelPair pair{name, std::string(extracted.has_value() ? *extracted : *label)};
            // It would be sent twice.
            if (label != nullptr && *label == pair.value) {
                entry.labels.remove(source);
            }
            entry.metadata.push_back(std::move(pair));
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const TextMap> sources_;
};

struct TenantOptions {
    std::optional<std::string> label;
    std::optional<std::string> source;
    std::optional<std::string> value;
};

class TenantStage final : public Stage {
  public:
    TenantStage(std::shared_ptr<const TenantOptions> options, const StageContext&)
        : options_(std::move(options)) {}
    Verdict process(Entry& entry) override {
        std::optional<std::string> tenant = options_->value;
        if (options_->source.has_value()) {
            if (const auto found = entry.extracted.find(*options_->source); found.has_value()) {
                tenant = std::string(*found);
            }
        } else if (options_->label.has_value()) {
            if (const std::string* found = entry.labels.find(*options_->label); found != nullptr) {
                tenant = *found;
            }
        }
        if (tenant.has_value() && !tenant->empty()) {
            entry.labels.set(kTenantLabel, *tenant);
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const TenantOptions> options_;
};

Names read_names(const YAML::Node& options, const char* stage) {
    Names names;
    config::set(names)(options);
    if (names.empty()) {
        config::refuse(options, absl::StrCat("the stage '", stage, "' needs at least one name"));
    }
    return names;
}

}  // namespace

StageMaker read_labels_stage(const YAML::Node& options) {
    return maker_of<LabelsStage>(read_sources(options, "labels"));
}

StageMaker read_structured_metadata_stage(const YAML::Node& options) {
    return maker_of<StructuredMetadataStage>(read_sources(options, "structured_metadata"));
}

StageMaker read_static_labels_stage(const YAML::Node& options) {
    TextMap values;
    set_text_map(values)(options);
    for (const auto& [name, value] : values) {
        if (!is_label_name(name)) {
            config::refuse(options, absl::StrCat("'", name, "' is no name of a label"));
        }
    }
    return maker_of<StaticLabelsStage>(std::move(values));
}

StageMaker read_label_drop_stage(const YAML::Node& options) {
    return maker_of<LabelDropStage>(read_names(options, "labeldrop"));
}

StageMaker read_label_allow_stage(const YAML::Node& options) {
    return maker_of<LabelAllowStage>(read_names(options, "labelallow"));
}

StageMaker read_tenant_stage(const YAML::Node& options) {
    TenantOptions o;
    config::read_keys(options,
                      "the stage 'tenant'",
                      {{"label", set_optional(o.label)},
                       {"source", set_optional(o.source)},
                       {"value", set_optional(o.value)}});
    if (o.label.has_value() + o.source.has_value() + o.value.has_value() != 1) {
        config::refuse(options, "the stage 'tenant' needs one of label, source and value");
    }
    return maker_of<TenantStage>(std::move(o));
}

}  // namespace logi::agent
