// Variables in configurations.
#include "absl/strings/str_cat.h"
#include "config/config.h"
#include "model/labels.h"

namespace logi::config {
namespace {

using ValueOf = std::function<std::optional<std::string>(const std::string& name)>;

constexpr int kDepthMax = 10;  // of variables in defaults

// Where the brace that closes the one before `begin` is.
std::size_t closing_brace(std::string_view text, std::size_t begin) {
    std::size_t depth = 1;
    for (std::size_t i = begin; i < text.size(); ++i) {
        if (text.substr(i, 2) == "${") {
            ++depth;
        } else if (text[i] == '}' && --depth == 0) {
            return i;
        }
    }
    return std::string_view::npos;
}

StatusOr<std::string> expand_from(std::string_view text,
                                  const std::string& file_name,
                                  std::size_t line,
                                  int depth,
                                  const ValueOf& value_of) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 3) == "$${") {
            out.append("${");
            i += 2;
            continue;
        }
        if (text.substr(i, 2) != "${") {
            line += text[i] == '\n' ? 1U : 0U;
            out.push_back(text[i]);
            continue;
        }
        const std::size_t end = closing_brace(text, i + 2);
        const std::string_view inside =
            text.substr(i + 2, end == std::string_view::npos ? end : end - i - 2);
        const std::size_t colon = inside.find(":-");
        const std::string name(inside.substr(0, colon));
        if (end == std::string_view::npos || !is_label_name(name) || depth > kDepthMax) {
            return absl::InvalidArgumentError(absl::StrCat(
                file_name,
                ":",
                line,
                ": '${' is not the beginning of ${NAME} or ${NAME:-default}; for the text itself "
                "write '$${'"));
        }
        const auto value = value_of(name);
        if (value.has_value() && !value->empty()) {
            out.append(*value);
        } else if (colon != std::string_view::npos) {
            LOGI_ASSIGN_OR_RETURN(
                const std::string other,
                expand_from(inside.substr(colon + 2), file_name, line, depth + 1, value_of));
            out.append(other);
        }
        line += static_cast<std::size_t>(std::count(inside.begin(), inside.end(), '\n'));
        i = end;
    }
    return out;
}

}  // namespace

StatusOr<std::string> expand(std::string_view text,
                             const std::string& file_name,
                             const ValueOf& value_of) {
    return expand_from(text, file_name, 1, 0, value_of);
}

}  // namespace logi::config
