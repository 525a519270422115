// Go templates over what was extracted: {{ .Value }}, {{ .Entry }}, {{ .name }}.
#pragma once

#include "agent/pipeline/entry.h"
#include "base/status.h"
#include "template/template.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace logi::agent {

// Immutable, safe from any thread.
class TemplateText {
  public:
    // Functions are those of LogQL's templates, Hash and Sha2Hash. kInvalidArgument in Go's words.
    static StatusOr<TemplateText> parse(std::string_view text);
    // Appends to `out`. `value` stands for .Value; nothing: there is none.
    Status execute(const Entry& entry,
                   std::optional<std::string_view> value,
                   std::string& out) const;

  private:
    explicit TemplateText(std::shared_ptr<const tmpl::Template> parsed)
        : template_(std::move(parsed)) {}
    std::shared_ptr<const tmpl::Template> template_;
};

}  // namespace logi::agent
