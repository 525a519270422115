// Go's text/template language: {{.app}} {{if eq .level "error"}}!{{end}}
#pragma once

#include "base/status.h"
#include "template/context.h"
#include "template/function.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::tmpl {

// What {{.x}} gives where there is no label x.
enum class MissingKey { kEmpty, kNoValue };

// Immutable and safe from any thread after parsing.
class Template {
  public:
    // `name` appears in error texts. `functions` must outlive the template. kInvalidArgument with
    // Go's text: template: line:1: unclosed action
    static StatusOr<std::shared_ptr<const Template>> parse(std::string_view name,
                                                           std::string_view text,
                                                           const FunctionTable& functions,
                                                           MissingKey missing = MissingKey::kEmpty);
    ~Template();
    Template(const Template&) = delete;
    Template& operator=(const Template&) = delete;

    // Appends the result to `out`. On an error `out` is as before and the message is Go's:
    // template: line:1:2: executing "line" at <div 1 0>: error calling div: runtime error: …
    // kInvalidArgument, or kResourceExhausted past a limit of limits.h.
    Status execute(const Context& context, std::string& out) const;
    // The same for other data than the entry's labels; what it has of kind kLabels without entries
    // is these.
    Status execute(const Context& context, const Value& dot, std::string& out) const;

    // The labels that it may read by name, sorted. Complete unless reads_all_labels().
    [[nodiscard]] const std::vector<std::string>& fields() const;
    // It uses {{.}} as a whole or looks labels up by computed names.
    [[nodiscard]] bool reads_all_labels() const;
    [[nodiscard]] bool reads_line() const;
    [[nodiscard]] bool reads_time() const;
    // Set if it is exactly {{.x}}: x.
    [[nodiscard]] std::optional<std::string_view> single_field() const;

  private:
    struct Impl;
    explicit Template(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::tmpl
