#include "fields/regexp_parser.h"

#include "absl/strings/str_cat.h"
#include "model/labels.h"

#include <set>

namespace logi::fields {

StatusOr<RegexpParser> RegexpParser::compile(std::string_view pattern) {
    regex::Regex::Options options;
    options.named_groups_only = true;
    LOGI_ASSIGN_OR_RETURN(std::shared_ptr<const regex::Regex> regex,
                          regex::Regex::compile(pattern, options));
    std::set<std::string_view> names;
    for (const auto& name : regex->group_names()) {
        if (name.empty()) {
            continue;
        }
        if (!is_label_name(name)) {
            return absl::InvalidArgumentError(
                absl::StrCat("invalid extracted label name '", name, "'"));
        }
        if (!names.insert(name).second) {
            return absl::InvalidArgumentError(
                absl::StrCat("duplicate extracted label name '", name, "'"));
        }
    }
    if (names.empty()) {
        return absl::InvalidArgumentError("at least one named capture must be supplied");
    }
    std::shared_ptr<const regex::Program> program;
    if (auto made = regex::compile_program(pattern);
        made.has_value() && made->groups == regex->group_names().size()) {
        program = std::make_shared<const regex::Program>(*std::move(made));
    }
    return RegexpParser(std::move(regex), std::move(program));
}

void RegexpParser::parse(std::string_view line, FieldSink& sink, Scratch& scratch) const {
    if (!regex_->find(line, 0, scratch.groups)) {
        return;
    }
    const auto& names = regex_->group_names();
    for (std::size_t i = 1; i < names.size(); ++i) {
        if (!names[i].empty() && sink.wants(names[i]) && !sink.add(names[i], scratch.groups[i])) {
            return;
        }
    }
}

}  // namespace logi::fields
