#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/jmespath/expression.h"
#include "agent/jmespath/node.h"
#include "base/ascii.h"

#include <array>

namespace logi::agent::jmespath {
namespace {

constexpr int kDepthMax = 100;
// How strongly what stands to the left binds.
enum Binding : int {
    kLowest = 0,
    kPipes = 1,
    kOrs = 2,
    kAnds = 3,
    kCompares = 5,
    kFlattens = 9,
    kStars = 20,
    kFilters = 21,
    kDots = 40,
    kNots = 45,
    kBraces = 50,
    kBrackets = 55,
};

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

NodePtr make(Kind kind, std::vector<NodePtr> children = {}) {
    Node node;
    node.kind = kind;
    node.children = std::move(children);
    return std::make_shared<const Node>(std::move(node));
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    StatusOr<NodePtr> parse() {
        LOGI_ASSIGN_OR_RETURN(NodePtr node, expression(kLowest));
        skip_space();
        return at_ == text_.size() ? StatusOr<NodePtr>(node) : refuse();
    }

  private:
    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
    }
    [[nodiscard]] Status refuse() const {
        return absl::InvalidArgumentError(
            absl::StrCat("the expression '",
                         absl::string_view(text_.data(), text_.size()),
                         "' is wrong at character ",
                         at_ + 1));
    }
    [[nodiscard]] bool next_is(std::string_view token) {
        skip_space();
        return text_.substr(at_).starts_with(token);
    }
    bool take(std::string_view token) {
        if (!next_is(token)) {
            return false;
        }
        at_ += token.size();
        return true;
    }
    Status expect(std::string_view token) { return take(token) ? absl::OkStatus() : refuse(); }

    StatusOr<NodePtr> expression(int binding) {
        struct Depth {
            int& depth;
            ~Depth() { --depth; }
        } const guard{++depth_};
        if (depth_ > kDepthMax) {
            return refuse();
        }
        LOGI_ASSIGN_OR_RETURN(NodePtr left, prefix());
        while (true) {
            LOGI_ASSIGN_OR_RETURN(NodePtr next, infix(left, binding));
            if (next == nullptr) {
                return left;
            }
            left = next;
        }
    }

    // What can begin an expression.
    StatusOr<NodePtr> prefix() {
        skip_space();
        if (at_ == text_.size()) {
            return refuse();
        }
        const char c = text_[at_];
        if (is_name_start(c)) {
            return name_or_call();
        }
        switch (c) {
            case '"':
                return field();
            case '\'':
                return raw_string();
            case '`':
                return literal();
            case '@':
                ++at_;
                return make(Kind::kCurrent);
            case '&': {
                ++at_;
                LOGI_ASSIGN_OR_RETURN(NodePtr of, expression(kLowest));
                return make(Kind::kReference, {of});
            }
            case '!': {
                ++at_;
                LOGI_ASSIGN_OR_RETURN(NodePtr of, expression(kNots));
                return make(Kind::kNot, {of});
            }
            case '(': {
                ++at_;
                LOGI_ASSIGN_OR_RETURN(NodePtr inner, expression(kLowest));
                LOGI_RETURN_IF_ERROR(expect(")"));
                return inner;
            }
            case '*': {
                ++at_;
                LOGI_ASSIGN_OR_RETURN(NodePtr right, projected(kStars));
                return make(Kind::kValues, {make(Kind::kCurrent), right});
            }
            case '{':
                ++at_;
                return multi_hash();
            case '[':
                return bracket(make(Kind::kCurrent), true);
            default:
                return refuse();
        }
    }

    // What can follow `left`; null if nothing that binds more than `binding`.
    StatusOr<NodePtr> infix(const NodePtr& left, int binding) {
        skip_space();
        static constexpr std::array<std::pair<std::string_view, Kind>, 6> kCompare = {
            {{"==", Kind::kEqual},
             {"!=", Kind::kNotEqual},
             {"<=", Kind::kLessEqual},
             {">=", Kind::kGreaterEqual},
             {"<", Kind::kLess},
             {">", Kind::kGreater}}};
        if (next_is("||")) {
            return binary(left, binding, kOrs, "||", Kind::kOr);
        }
        if (next_is("|")) {
            return binary(left, binding, kPipes, "|", Kind::kPipe);
        }
        if (next_is("&&")) {
            return binary(left, binding, kAnds, "&&", Kind::kAnd);
        }
        for (const auto& [token, kind] : kCompare) {
            if (next_is(token)) {
                return binary(left, binding, kCompares, token, kind);
            }
        }
        if (next_is(".") && binding < kDots) {
            ++at_;
            if (take("*")) {
                LOGI_ASSIGN_OR_RETURN(NodePtr right, projected(kStars));
                return make(Kind::kValues, {left, right});
            }
            LOGI_ASSIGN_OR_RETURN(NodePtr right, after_dot(kDots));
            return make(Kind::kSub, {left, right});
        }
        if (next_is("[]") && binding >= kFlattens) {
            return NodePtr();
        }
        if (next_is("[") && binding < kBrackets) {
            return bracket(left, false);
        }
        return NodePtr();
    }

    StatusOr<NodePtr> binary(
        const NodePtr& left, int binding, int own, std::string_view token, Kind kind) {
        if (binding >= own) {
            return NodePtr();
        }
        take(token);
        LOGI_ASSIGN_OR_RETURN(NodePtr right, expression(own));
        return make(kind, {left, right});
    }

    // What is done with each of the values of a projection.
    StatusOr<NodePtr> projected(int binding) {
        skip_space();
        if (next_is("[")) {
            // As in a[*][0]: brackets belong to the elements, but "[]" ends the projection.
            if (next_is("[]")) {
                return make(Kind::kCurrent);
            }
            return expression(binding);
        }
        if (take(".")) {
            if (take("*")) {
                LOGI_ASSIGN_OR_RETURN(NodePtr right, projected(kStars));
                return make(Kind::kValues, {make(Kind::kCurrent), right});
            }
            return after_dot(binding);
        }
        return make(Kind::kCurrent);
    }

    StatusOr<NodePtr> after_dot(int binding) {
        skip_space();
        if (take("{")) {
            return multi_hash();
        }
        if (next_is("[")) {
            ++at_;
            return multi_list();
        }
        if (at_ < text_.size() && (is_name_start(text_[at_]) || text_[at_] == '"' ||
                                   text_[at_] == '&' || text_[at_] == '*')) {
            return expression(binding);
        }
        return refuse();
    }

    // From '[' on: index, slice, [*], [], [?…], or, where an expression begins, a list.
    StatusOr<NodePtr> bracket(const NodePtr& left, bool may_be_list) {
        take("[");
        if (take("]")) {
            LOGI_ASSIGN_OR_RETURN(NodePtr right, projected(kFlattens));
            return make(Kind::kList, {make(Kind::kFlatten, {left}), right});
        }
        if (take("?")) {
            LOGI_ASSIGN_OR_RETURN(NodePtr condition, expression(kLowest));
            LOGI_RETURN_IF_ERROR(expect("]"));
            LOGI_ASSIGN_OR_RETURN(NodePtr right, projected(kFilters));
            return make(Kind::kFilter, {left, right, condition});
        }
        const std::size_t begin = at_;
        if (take("*") && take("]")) {
            LOGI_ASSIGN_OR_RETURN(NodePtr right, projected(kStars));
            return make(Kind::kList, {left, right});
        }
        at_ = begin;
        skip_space();
        if (at_ < text_.size() &&
            (base::is_digit(text_[at_]) || text_[at_] == '-' || text_[at_] == ':')) {
            return index_or_slice(left);
        }
        return may_be_list ? multi_list() : StatusOr<NodePtr>(refuse());
    }

    StatusOr<NodePtr> index_or_slice(const NodePtr& left) {
        Node node;
        std::size_t colons = 0;
        while (!take("]")) {
            if (take(":")) {
                if (++colons > 2) {
                    return refuse();
                }
                continue;
            }
            LOGI_ASSIGN_OR_RETURN(node.slice[colons], integer());
        }
        if (colons == 0) {
            node.kind = Kind::kIndex;
            node.index = *node.slice[0];
            return make(Kind::kSub, {left, std::make_shared<const Node>(std::move(node))});
        }
        if (node.slice[2] == 0) {
            return refuse();
        }
        node.kind = Kind::kSlice;
        LOGI_ASSIGN_OR_RETURN(NodePtr right, projected(kStars));
        return make(
            Kind::kList,
            {make(Kind::kSub, {left, std::make_shared<const Node>(std::move(node))}), right});
    }

    StatusOr<std::int64_t> integer() {
        skip_space();
        std::size_t end = at_ + (at_ < text_.size() && text_[at_] == '-' ? 1U : 0U);
        while (end < text_.size() && base::is_digit(text_[end])) {
            ++end;
        }
        std::int64_t n = 0;
        if (!absl::SimpleAtoi(absl::string_view(text_.data() + at_, end - at_), &n)) {
            return refuse();
        }
        at_ = end;
        return n;
    }

    StatusOr<NodePtr> multi_list() {
        std::vector<NodePtr> items;
        do {
            LOGI_ASSIGN_OR_RETURN(NodePtr item, expression(kLowest));
            items.push_back(std::move(item));
        } while (take(","));
        LOGI_RETURN_IF_ERROR(expect("]"));
        return make(Kind::kMultiList, std::move(items));
    }

    StatusOr<NodePtr> multi_hash() {
        Node node;
        node.kind = Kind::kMultiHash;
        do {
            skip_space();
            LOGI_ASSIGN_OR_RETURN(std::string name, name_text());
            LOGI_RETURN_IF_ERROR(expect(":"));
            LOGI_ASSIGN_OR_RETURN(NodePtr value, expression(kLowest));
            node.names.push_back(std::move(name));
            node.children.push_back(std::move(value));
        } while (take(","));
        LOGI_RETURN_IF_ERROR(expect("}"));
        return std::make_shared<const Node>(std::move(node));
    }

    // A name, or one in quotes.
    StatusOr<std::string> name_text() {
        const std::size_t begin = at_;
        if (at_ < text_.size() && text_[at_] == '"') {
            ++at_;
            while (at_ < text_.size() && text_[at_] != '"') {
                at_ += text_[at_] == '\\' ? 2U : 1U;
            }
            if (at_ >= text_.size()) {
                return refuse();
            }
            ++at_;
            const auto value = parse_json(text_.substr(begin, at_ - begin));
            return value.ok() && value->text() != nullptr ? StatusOr<std::string>(*value->text())
                                                          : refuse();
        }
        while (at_ < text_.size() &&
               (is_name_start(text_[at_]) || (at_ > begin && base::is_digit(text_[at_])))) {
            ++at_;
        }
        return at_ == begin ? StatusOr<std::string>(refuse())
                            : std::string(text_.substr(begin, at_ - begin));
    }

    StatusOr<NodePtr> field() {
        Node node;
        node.kind = Kind::kField;
        LOGI_ASSIGN_OR_RETURN(node.text, name_text());
        return std::make_shared<const Node>(std::move(node));
    }

    StatusOr<NodePtr> name_or_call() {
        const std::size_t begin = at_;
        LOGI_ASSIGN_OR_RETURN(const std::string name, name_text());
        if (at_ == text_.size() || text_[at_] != '(') {
            at_ = begin;
            return field();
        }
        ++at_;
        Node node;
        node.kind = Kind::kFunction;
        node.text = name;
        while (!take(")")) {
            if (!node.children.empty()) {
                LOGI_RETURN_IF_ERROR(expect(","));
            }
            LOGI_ASSIGN_OR_RETURN(NodePtr argument, expression(kLowest));
            node.children.push_back(std::move(argument));
        }
        const auto takes = arity(name);
        if (!takes.has_value() || node.children.size() < takes->first ||
            node.children.size() > takes->second) {
            return absl::InvalidArgumentError(absl::StrCat(
                "there is no function '", name, "' of ", node.children.size(), " arguments"));
        }
        return std::make_shared<const Node>(std::move(node));
    }

    StatusOr<NodePtr> raw_string() {
        Node node;
        node.kind = Kind::kLiteral;
        std::string text;
        for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_) {
            if (text_[at_] == '\\' && text_.substr(at_ + 1).starts_with("'")) {
                ++at_;
            }
            text.push_back(text_[at_]);
        }
        LOGI_RETURN_IF_ERROR(expect("'"));
        node.value = Value(std::move(text));
        return std::make_shared<const Node>(std::move(node));
    }

    StatusOr<NodePtr> literal() {
        Node node;
        node.kind = Kind::kLiteral;
        std::string text;
        for (++at_; at_ < text_.size() && text_[at_] != '`'; ++at_) {
            if (text_[at_] == '\\' && text_.substr(at_ + 1).starts_with("`")) {
                ++at_;
            }
            text.push_back(text_[at_]);
        }
        LOGI_RETURN_IF_ERROR(expect("`"));
        auto value = parse_json(text);
        // A word without quotes was once taken as a string.
        node.value = value.ok() ? *std::move(value) : Value(std::move(text));
        return std::make_shared<const Node>(std::move(node));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

// Appends the steps of a path; false if it is more than that.
bool add_steps(const Node& node, std::vector<std::variant<std::string, std::int64_t>>& steps) {
    switch (node.kind) {
        case Kind::kCurrent:
            return true;
        case Kind::kField:
            steps.emplace_back(node.text);
            return true;
        case Kind::kIndex:
            steps.emplace_back(node.index);
            return true;
        case Kind::kSub:
            return add_steps(*node.children[0], steps) && add_steps(*node.children[1], steps);
        default:
            return false;
    }
}

}  // namespace

Expression::Expression(std::shared_ptr<const Node> root) : root_(std::move(root)) {
    is_path_ = add_steps(*root_, steps_);
}

const std::vector<std::variant<std::string, std::int64_t>>* Expression::steps() const {
    return is_path_ ? &steps_ : nullptr;
}

StatusOr<Expression> Expression::parse(std::string_view text) {
    LOGI_ASSIGN_OR_RETURN(NodePtr root, Parser(text).parse());
    return Expression(std::move(root));
}

StatusOr<Value> Expression::search(const Value& root) const {
    return evaluate(*root_, root);
}

}  // namespace logi::agent::jmespath
