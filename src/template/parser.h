// Builds the tree of a template from its text.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/status.h"
#include "template/syntax.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::tmpl {

class FunctionTable;

// A template and those that {{define}} and {{block}} make in it, by name.
using Definitions = absl::flat_hash_map<std::string, std::vector<Node>>;

// The template itself has the given name. kInvalidArgument with Go's text, such as
// `template: line:1: unclosed action`.
StatusOr<Definitions> parse_template(std::string_view name,
                                     std::string_view text,
                                     const FunctionTable& functions);

}  // namespace logi::tmpl
