// The data of one execution: an entry with its labels.
#pragma once

#include "base/time.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::tmpl {

// What the views point to must stay unchanged during the execution.
class Context {
  public:
    virtual ~Context() = default;
    [[nodiscard]] virtual std::optional<std::string_view> label(std::string_view name) const = 0;
    // Appends all labels, in any order, names unique.
    virtual void all_labels(
        std::vector<std::pair<std::string_view, std::string_view>>& out) const = 0;
    [[nodiscard]] virtual std::string_view line() const = 0;
    [[nodiscard]] virtual Timestamp time() const = 0;
    // The clock's time, for {{now}}.
    [[nodiscard]] virtual Timestamp now() const = 0;
};

}  // namespace logi::tmpl
