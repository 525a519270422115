// How the options of stages are read. For the .cc files of stages.
#pragma once

#include "agent/pipeline/stage.h"
#include "agent/stages/stages.h"
#include "config/setters.h"
#include "regex/regex.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace logi::agent {

using RegexPtr = std::shared_ptr<const regex::Regex>;
using TextMap = std::map<std::string, std::string>;

inline config::Setter set_optional(std::optional<std::string>& target) {
    return [&target](const YAML::Node& v) {
        if (!v.IsNull()) {
            target = config::scalar<std::string>(v, "a text");
        }
    };
}

// {name: text}; where there is no text it is empty.
inline config::Setter set_text_map(TextMap& target) {
    return [&target](const YAML::Node& v) {
        if (!v.IsMap()) {
            config::refuse(v, "expected a map of texts");
        }
        for (const auto& item : v) {
            const auto name = config::scalar<std::string>(item.first, "a name");
            target[name] = item.second.IsNull() || !item.second.IsDefined()
                               ? std::string()
                               : config::scalar<std::string>(item.second, "a text");
        }
    };
}

inline config::Setter set_regex(RegexPtr& target, regex::Regex::Options options = {}) {
    return [&target, options](const YAML::Node& v) {
        auto compiled =
            regex::Regex::compile(config::scalar<std::string>(v, "a regular expression"), options);
        if (!compiled.ok()) {
            config::refuse(v, std::string(message_of(compiled.status())));
        }
        target = *std::move(compiled);
    };
}

// Stages of type S, each made of the options, which they share, and the context.
template <typename S, typename Options>
StageMaker maker_of(Options options) {
    return [shared = std::make_shared<const Options>(std::move(options))](
               const StageContext& context) -> std::unique_ptr<Stage> {
        return std::make_unique<S>(shared, context);
    };
}

// What a stage reads: the line, or, with a source, what was extracted under that name.
inline std::optional<std::string_view> text_of(const Entry& entry,
                                               const std::optional<std::string>& source) {
    return source.has_value() ? entry.extracted.find(*source) : entry.line;
}

// Counts what stages drop.
inline base::Counter dropped_lines(const StageContext& context, const std::string& reason) {
    return context.metrics.counter("logentry_dropped_lines_total",
                                   "Lines that a stage dropped, by reason.",
                                   {{"reason", reason}});
}

}  // namespace logi::agent
