#include "model/labels.h"

#include "absl/strings/str_cat.h"

namespace logi {
namespace {

// A recursive-descent reader of {a="b", c="d"}.
class LabelParser {
  public:
    explicit LabelParser(std::string_view text) : text_(text) {}

    StatusOr<std::vector<LabelPair>> parse() {
        std::vector<LabelPair> pairs;
        skip_space();
        if (const std::string_view name = identifier(); !name.empty()) {
            pairs.push_back({"__name__", std::string(name)});
            skip_space();
        }
        if (!take('{')) {
            return error("expected {");
        }
        skip_space();
        while (!take('}')) {
            LOGI_RETURN_IF_ERROR(parse_pair(pairs));
            skip_space();
            if (!take(',') && (at_ >= text_.size() || text_[at_] != '}')) {
                return error("unexpected character inside braces");
            }
            skip_space();
        }
        skip_space();
        if (at_ != text_.size()) {
            return error("unexpected text after }");
        }
        return pairs;
    }

  private:
    Status parse_pair(std::vector<LabelPair>& pairs) {
        LabelPair pair;
        if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '`')) {
            LOGI_ASSIGN_OR_RETURN(pair.name, quoted());
        } else {
            pair.name = std::string(identifier());
        }
        skip_space();
        if (pair.name.empty() || !take('=')) {
            return error("expected a label name and =");
        }
        skip_space();
        LOGI_ASSIGN_OR_RETURN(pair.value, quoted());
        pairs.push_back(std::move(pair));
        return absl::OkStatus();
    }
    StatusOr<std::string> quoted() {
        std::size_t length = 0;
        auto value = go_unquote_prefix(text_.substr(at_), length);
        if (!value.ok()) {
            return error(std::string(value.status().message()));
        }
        at_ += length;
        return value;
    }
    std::string_view identifier() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && (is_label_name(text_.substr(begin, at_ + 1 - begin)) ||
                                      (at_ > begin && text_[at_] == ':'))) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }
    void skip_space() {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    bool take(char c) {
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }
    [[nodiscard]] Status error(const std::string& what) const {
        return absl::InvalidArgumentError(absl::StrCat("1:", at_ + 1, ": parse error: ", what));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

bool is_label_name(std::string_view s) {
    if (s.empty() || (s[0] >= '0' && s[0] <= '9')) {
        return false;
    }
    return std::all_of(s.begin(), s.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

Labels Labels::of_result(std::vector<LabelPair> pairs) {
    std::stable_sort(pairs.begin(), pairs.end(), [](const LabelPair& a, const LabelPair& b) {
        return a.name < b.name;
    });
    Labels labels;
    for (auto& pair : pairs) {
        if (!labels.pairs_.empty() && labels.pairs_.back().name == pair.name) {
            labels.pairs_.back() = std::move(pair);
        } else {
            labels.pairs_.push_back(std::move(pair));
        }
    }
    return labels;
}

Labels Labels::from_pairs(std::vector<LabelPair> pairs) {
    Labels labels = of_result(std::move(pairs));
    std::erase_if(labels.pairs_, [](const LabelPair& p) { return p.value.empty(); });
    return labels;
}

StatusOr<Labels> Labels::parse(std::string_view text) {
    LOGI_ASSIGN_OR_RETURN(auto pairs, LabelParser(text).parse());
    return from_pairs(std::move(pairs));
}

std::string Labels::to_string() const {
    std::string out = "{";
    for (const auto& pair : pairs_) {
        if (out.size() > 1) {
            out.append(", ");
        }
        out.append(pair.name).append("=").append(go_quote(pair.value));
    }
    out.push_back('}');
    return out;
}

const LabelPair* Labels::find(std::string_view name) const {
    for (const auto& pair : pairs_) {
        if (pair.name == name) {
            return &pair;
        }
    }
    return nullptr;
}

std::string_view Labels::get(std::string_view name) const {
    const LabelPair* pair = find(name);
    return pair == nullptr ? std::string_view() : std::string_view(pair->value);
}

}  // namespace logi
