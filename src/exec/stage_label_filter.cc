// Label filters: strings, numbers, durations, sizes, addresses, and their combinations.
#include "exec/stage.h"
#include "fields/conversions.h"
#include "fields/ip_matcher.h"
#include "regex/regex.h"

namespace logi::exec {
namespace {

class Condition {
  public:
    virtual ~Condition() = default;
    virtual bool holds(Entry& entry) const = 0;
};
using ConditionPtr = std::unique_ptr<const Condition>;

StatusOr<ConditionPtr> make_condition(const logql::LabelFilter& filter);

// A regular expression on a label: the whole value must match, '.' does not match newline. Loki
// turns a literal with ".*" at one or both ends into "contains", so `foo.*` also finds "xfoo".
class LabelRegex {
  public:
    static StatusOr<LabelRegex> compile(const std::string& pattern) {
        LabelRegex out;
        if (literal_with_stars(pattern, out.contains_)) {
            return out;
        }
        regex::Regex::Options options;
        options.anchored = true;
        LOGI_ASSIGN_OR_RETURN(out.regex_, regex::Regex::compile(pattern, options));
        return out;
    }
    [[nodiscard]] bool matches(std::string_view value) const {
        return regex_ != nullptr ? regex_->matches(value)
                                 : value.find(contains_) != std::string_view::npos;
    }

  private:
    static bool literal_with_stars(std::string_view pattern, std::string& literal) {
        bool stars = false;
        if (pattern.starts_with(".*")) {
            pattern.remove_prefix(2);
            stars = true;
        }
        if (pattern.ends_with(".*") && !pattern.ends_with("\\.*")) {
            pattern.remove_suffix(2);
            stars = true;
        }
        literal = pattern;
        return stars && pattern.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos;
    }

    std::string contains_;
    std::shared_ptr<const regex::Regex> regex_;
};

class StringCondition final : public Condition {
  public:
    StringCondition(const Matcher& matcher, LabelRegex regex)
        : name_(matcher.name()),
          value_(matcher.value()),
          op_(matcher.op()),
          regex_(std::move(regex)) {}
    bool holds(Entry& entry) const override {
        const std::string_view value = text(entry.labels);
        switch (op_) {
            case MatchOp::kEqual:
                return value == value_;
            case MatchOp::kNotEqual:
                return value != value_;
            case MatchOp::kRegex:
                return regex_.matches(value);
            case MatchOp::kNotRegex:
                break;
        }
        return !regex_.matches(value);
    }

  private:
    [[nodiscard]] std::string_view text(const EntryLabels& labels) const {
        // A filter never sees the details of an error.
        return name_ == kErrorDetailsLabel ? std::string_view() : labels.get(name_).value_or("");
    }
    const std::string name_;
    const std::string value_;
    const MatchOp op_;
    const LabelRegex regex_;
};

template <typename T>
bool compare(logql::CompareOp op, T a, T b) {
    switch (op) {
        case logql::CompareOp::kEqual:
            return a == b;
        case logql::CompareOp::kNotEqual:
            return a != b;
        case logql::CompareOp::kGreater:
            return a > b;
        case logql::CompareOp::kGreaterEqual:
            return a >= b;
        case logql::CompareOp::kLess:
            return a < b;
        case logql::CompareOp::kLessEqual:
            break;
    }
    return a <= b;
}

// Compares a label's value with a quantity. A missing label drops the entry; with a value that does
// not convert it passes, and has an error from then on.
template <typename T>
class QuantityCondition final : public Condition {
  public:
    using Parse = bool (*)(std::string_view, T&, std::string* error);
    QuantityCondition(std::string name, logql::CompareOp op, T value, Parse parse)
        : name_(std::move(name)), op_(op), value_(value), parse_(parse) {}
    bool holds(Entry& entry) const override {
        const auto text = entry.labels.get(name_);
        if (!text.has_value()) {
            return false;
        }
        T value{};
        std::string error;
        if (!parse_(*text, value, &error)) {
            if (!entry.labels.has_error()) {
                entry.labels.set_error("LabelFilterErr", error);
            }
            return true;
        }
        return compare(op_, value, value_);
    }

  private:
    const std::string name_;
    const logql::CompareOp op_;
    const T value_;
    const Parse parse_;
};

class IpCondition final : public Condition {
  public:
    IpCondition(std::string name, bool negated, fields::IpMatcher matcher)
        : name_(std::move(name)), negated_(negated), matcher_(std::move(matcher)) {}
    bool holds(Entry& entry) const override {
        if (entry.labels.has_error()) {
            return true;
        }
        const auto text = entry.labels.get(name_);
        return text.has_value() && matcher_.matches(*text) != negated_;
    }

  private:
    const std::string name_;
    const bool negated_;
    const fields::IpMatcher matcher_;
};

class AndCondition final : public Condition {
  public:
    AndCondition(ConditionPtr left, ConditionPtr right)
        : left_(std::move(left)), right_(std::move(right)) {}
    bool holds(Entry& entry) const override {
        // Both sides run: each may give the entry an error.
        const bool left = left_->holds(entry);
        return right_->holds(entry) && left;
    }

  private:
    const ConditionPtr left_;
    const ConditionPtr right_;
};

class OrCondition final : public Condition {
  public:
    OrCondition(ConditionPtr left, ConditionPtr right)
        : left_(std::move(left)), right_(std::move(right)) {}
    bool holds(Entry& entry) const override { return left_->holds(entry) || right_->holds(entry); }

  private:
    const ConditionPtr left_;
    const ConditionPtr right_;
};

struct ConditionMaker {
    StatusOr<ConditionPtr> operator()(const Matcher& matcher) const {
        LabelRegex regex;
        if (matcher.op() == MatchOp::kRegex || matcher.op() == MatchOp::kNotRegex) {
            LOGI_ASSIGN_OR_RETURN(regex, LabelRegex::compile(matcher.value()));
        }
        return std::make_unique<StringCondition>(matcher, std::move(regex));
    }
    StatusOr<ConditionPtr> operator()(const logql::IpFilter& f) const {
        LOGI_ASSIGN_OR_RETURN(auto matcher, fields::IpMatcher::compile(f.pattern));
        return std::make_unique<IpCondition>(f.name, f.negated, std::move(matcher));
    }
    StatusOr<ConditionPtr> operator()(const logql::NumberFilter& f) const {
        return std::make_unique<QuantityCondition<double>>(
            f.name, f.op, f.value, fields::parse_go_float);
    }
    StatusOr<ConditionPtr> operator()(const logql::DurationFilter& f) const {
        return std::make_unique<QuantityCondition<Duration>>(
            f.name, f.op, f.value, fields::parse_go_duration);
    }
    StatusOr<ConditionPtr> operator()(const logql::BytesFilter& f) const {
        return std::make_unique<QuantityCondition<std::uint64_t>>(
            f.name, f.op, f.value, fields::parse_humanize_bytes);
    }
    template <typename Node, typename Made>
    static StatusOr<ConditionPtr> both(const Node& node) {
        LOGI_ASSIGN_OR_RETURN(ConditionPtr left, make_condition(*node.left));
        LOGI_ASSIGN_OR_RETURN(ConditionPtr right, make_condition(*node.right));
        return std::make_unique<Made>(std::move(left), std::move(right));
    }
    StatusOr<ConditionPtr> operator()(const logql::AndFilter& f) const {
        return both<logql::AndFilter, AndCondition>(f);
    }
    StatusOr<ConditionPtr> operator()(const logql::OrFilter& f) const {
        return both<logql::OrFilter, OrCondition>(f);
    }
};

StatusOr<ConditionPtr> make_condition(const logql::LabelFilter& filter) {
    return std::visit(ConditionMaker(), filter.node);
}

class LabelFilterStage final : public Stage {
  public:
    LabelFilterStage(ConditionPtr condition, std::vector<std::string> labels)
        : condition_(std::move(condition)), labels_(std::move(labels)) {}
    bool process(Entry& entry) const override { return condition_->holds(entry); }
    [[nodiscard]] bool reads_line() const override { return false; }
    [[nodiscard]] const std::vector<std::string>* filters_on() const override { return &labels_; }

  private:
    const ConditionPtr condition_;
    const std::vector<std::string> labels_;
};

struct NameCollector {
    std::vector<std::string>& names;
    void operator()(const Matcher& f) const { names.push_back(f.name()); }
    void operator()(const logql::IpFilter& f) const { names.push_back(f.name); }
    void operator()(const logql::NumberFilter& f) const { names.push_back(f.name); }
    void operator()(const logql::DurationFilter& f) const { names.push_back(f.name); }
    void operator()(const logql::BytesFilter& f) const { names.push_back(f.name); }
    void operator()(const logql::AndFilter& f) const {
        add_labels_read(*f.left, names);
        add_labels_read(*f.right, names);
    }
    void operator()(const logql::OrFilter& f) const {
        add_labels_read(*f.left, names);
        add_labels_read(*f.right, names);
    }
};

}  // namespace

StatusOr<StagePtr> make_label_filter(const logql::LabelFilter& filter) {
    LOGI_ASSIGN_OR_RETURN(ConditionPtr condition, make_condition(filter));
    std::vector<std::string> labels;
    add_labels_read(filter, labels);
    return std::make_unique<LabelFilterStage>(std::move(condition), std::move(labels));
}

void add_labels_read(const logql::LabelFilter& filter, std::vector<std::string>& names) {
    std::visit(NameCollector{names}, filter.node);
}

}  // namespace logi::exec
