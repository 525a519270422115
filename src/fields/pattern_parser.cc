#include "fields/pattern_parser.h"

#include "absl/strings/str_cat.h"
#include "fields/pattern_walk.h"

#include <set>

namespace logi::fields {
namespace {

class CaptureTaker {
  public:
    CaptureTaker(std::string_view line, FieldSink& sink) : line_(line), sink_(sink) {}
    bool begins(std::string_view literal) { return line_.starts_with(literal); }
    std::size_t find(std::string_view literal, std::size_t from) {
        return regex::find(line_, literal, from);
    }
    bool capture(const PatternNode& node, std::size_t begin, std::size_t end, std::size_t behind) {
        (void)behind;
        return !node.named() || !sink_.wants(node.text) ||
               sink_.add(node.text, line_.substr(begin, end - begin));
    }

  private:
    const std::string_view line_;
    FieldSink& sink_;
};

}  // namespace

StatusOr<PatternParser> PatternParser::compile(std::string_view pattern) {
    std::vector<PatternNode> nodes = read_pattern(pattern);
    if (std::none_of(nodes.begin(), nodes.end(), [](const auto& n) { return n.named(); })) {
        return absl::InvalidArgumentError("at least one capture is required");
    }
    LOGI_RETURN_IF_ERROR(check_no_adjacent_captures(nodes));
    std::set<std::string_view> names;
    for (const auto& node : nodes) {
        if (node.named() && !names.insert(node.text).second) {
            return absl::InvalidArgumentError(
                absl::StrCat("duplicate capture name (", node.text, "): invalid expression"));
        }
    }
    return PatternParser(std::move(nodes));
}

void PatternParser::parse(std::string_view line, FieldSink& sink) const {
    CaptureTaker taker(line, sink);
    walk_pattern(nodes_, line, taker);
}

}  // namespace logi::fields
