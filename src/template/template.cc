#include "template/template.h"

#include "template/evaluator.h"
#include "template/field_use.h"
#include "template/parser.h"
#include "template/regex_cache.h"

#include <utility>

namespace logi::tmpl {

struct Template::Impl {
    Program program;
    std::vector<std::string> fields;
    bool reads_all_labels = false;
    bool reads_line = false;
    bool reads_time = false;
    RegexCache regexes;
};

Template::Template(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Template::~Template() = default;

StatusOr<std::shared_ptr<const Template>> Template::parse(std::string_view name,
                                                          std::string_view text,
                                                          const FunctionTable& functions,
                                                          MissingKey missing) {
    auto impl = std::make_unique<Impl>();
    impl->program.name = name;
    impl->program.text = text;
    impl->program.missing = missing;
    LOGI_ASSIGN_OR_RETURN(impl->program.definitions, parse_template(name, text, functions));
    const FieldUse use = field_use(impl->program.definitions, impl->program.name);
    impl->fields.assign(use.names.begin(), use.names.end());
    impl->reads_all_labels = use.all;
    impl->reads_line = use.line;
    impl->reads_time = use.time;
    for (const std::string& pattern : use.patterns) {
        impl->regexes.add(pattern);
    }
    return std::shared_ptr<const Template>(new Template(std::move(impl)));
}

Status Template::execute(const Context& context, std::string& out) const {
    return execute(context, Value::labels(), out);
}

Status Template::execute(const Context& context, const Value& dot, std::string& out) const {
    const std::size_t before = out.size();
    Status status = Evaluator(impl_->program, impl_->regexes, context, out).run(dot);
    if (!status.ok()) {
        out.resize(before);
    }
    return status;
}

const std::vector<std::string>& Template::fields() const {
    return impl_->fields;
}

bool Template::reads_all_labels() const {
    return impl_->reads_all_labels;
}

bool Template::reads_line() const {
    return impl_->reads_line;
}

bool Template::reads_time() const {
    return impl_->reads_time;
}

std::optional<std::string_view> Template::single_field() const {
    const auto& nodes = impl_->program.definitions.find(impl_->program.name)->second;
    if (nodes.size() != 1 || nodes[0].field == nullptr) {
        return std::nullopt;
    }
    return *nodes[0].field;
}

}  // namespace logi::tmpl
