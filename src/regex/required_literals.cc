#include "regex/required_literals.h"

#include "base/ascii.h"

#include <algorithm>
#include <cstddef>

namespace logi::regex {
namespace {

constexpr std::size_t kLiteralMin = 2;
constexpr std::size_t kLiteralsMax = 16;
constexpr int kGroupDepthMax = 20;

// The length of {2}, {2,} or {2,3} at the beginning of a text; 0 if there is none.
std::size_t repeat_length(std::string_view s) {
    std::size_t i = 1;
    const auto digits = [&] {
        const std::size_t from = i;
        while (i < s.size() && base::is_digit(s[i])) {
            ++i;
        }
        return i > from;
    };
    if (s.empty() || s[0] != '{' || !digits()) {
        return 0;
    }
    if (i < s.size() && s[i] == ',') {
        ++i;
        digits();
    }
    return i < s.size() && s[i] == '}' ? i + 1 : 0;
}

// Reads one pattern, or what is in a group.
class LiteralReader {
  public:
    LiteralReader(std::string_view pattern, bool any_case, int depth)
        : pattern_(pattern), any_case_(any_case), depth_(depth) {}

    std::vector<Literal> read() {
        while (ok_ && at_ < pattern_.size()) {
            step();
        }
        end_alternative();
        return ok_ && all_.size() <= kLiteralsMax ? all_ : std::vector<Literal>();
    }

  private:
    void step() {
        const char c = pattern_[at_++];
        switch (c) {
            case '\\':
                escape();
                break;
            case '[':
                skip_class();
                break;
            case '(':
                group();
                break;
            case '|':
                end_alternative();
                break;
            case ')':
                ok_ = false;
                break;
            case '.':
            case '^':
            case '$':
                end_run();
                quantifier();
                break;
            default:
                literal(c);
        }
    }

    // A character that has to be there, unless a quantifier says otherwise.
    void literal(char c) {
        // All bytes of one character beyond ASCII.
        std::string character(1, c);
        while ((static_cast<unsigned char>(c) & 0x80U) != 0 && at_ < pattern_.size() &&
               (static_cast<unsigned char>(pattern_[at_]) & 0xC0U) == 0x80) {
            character.push_back(pattern_[at_++]);
        }
        if (any_case_ && !folds_within_ascii(c)) {
            end_run();
            quantifier();
            return;
        }
        if (any_case_) {
            character[0] = base::to_lower_ascii(character[0]);
        }
        switch (quantifier()) {
            case Quantifier::kNone:
                run_ += character;
                break;
            case Quantifier::kOnceOrMore:
                run_ += character;
                end_run();
                break;
            case Quantifier::kOther:
                end_run();
                break;
        }
    }

    enum class Quantifier { kNone, kOnceOrMore, kOther };
    // What follows an atom, with the ? that makes it lazy.
    Quantifier quantifier() {
        if (at_ >= pattern_.size()) {
            return Quantifier::kNone;
        }
        const char c = pattern_[at_];
        const std::size_t repeat = repeat_length(pattern_.substr(at_));
        if (c != '*' && c != '+' && c != '?' && repeat == 0) {
            return Quantifier::kNone;
        }
        at_ += std::max<std::size_t>(repeat, 1);
        if (at_ < pattern_.size() && pattern_[at_] == '?') {
            ++at_;
        }
        return c == '+' ? Quantifier::kOnceOrMore : Quantifier::kOther;
    }

    void escape() {
        if (at_ >= pattern_.size()) {
            ok_ = false;
            return;
        }
        const char c = pattern_[at_++];
        if (!base::is_letter(c) && !base::is_digit(c)) {
            literal(c);
        } else if (std::string_view("dDsSwWbBAz").find(c) != std::string_view::npos) {
            end_run();
            quantifier();
        } else {
            ok_ = false;  // \Q, \x, \p and the like
        }
    }

    void skip_class() {
        end_run();
        if (at_ < pattern_.size() && pattern_[at_] == '^') {
            ++at_;
        }
        // A bracket that comes first is one of the characters.
        for (bool first = true; at_ < pattern_.size(); first = false) {
            const char c = pattern_[at_++];
            if (c == '\\') {
                ++at_;
            } else if (c == '[' && at_ < pattern_.size() && pattern_[at_] == ':') {
                const std::size_t end = pattern_.find(":]", at_);
                at_ = end == std::string_view::npos ? at_ : end + 2;
            } else if (c == ']' && !first) {
                quantifier();
                return;
            }
        }
        ok_ = false;
    }

    // Flags at a place behind "(?", up to ')' or ':'. They hold for what follows in the group.
    bool flags() {
        bool set = true;
        bool any_case = any_case_;
        std::size_t i = at_ + 1;
        for (; i < pattern_.size() && pattern_[i] != ')' && pattern_[i] != ':'; ++i) {
            const char c = pattern_[i];
            if (c == '-' && set) {
                set = false;
            } else if (c == 'i') {
                any_case = set;
            } else if (c != 's' && c != 'm' && c != 'U') {
                return false;
            }
        }
        if (i >= pattern_.size() || i == at_ + 1) {
            return false;
        }
        flags_end_ = i;
        flags_any_case_ = any_case;
        return true;
    }

    void group() {
        end_run();
        bool any_case = any_case_;
        if (pattern_.substr(at_, 1) == "?") {
            const std::size_t name = pattern_.find('>', at_);
            if (pattern_.substr(at_, 2) == "?:") {
                at_ += 2;
            } else if (flags()) {
                at_ = flags_end_ + 1;
                if (pattern_[flags_end_] == ')') {
                    any_case_ = flags_any_case_;
                    // A quantifier here is one of what stands before the flags.
                    ok_ = ok_ && quantifier() == Quantifier::kNone;
                    return;
                }
                any_case = flags_any_case_;
            } else if ((pattern_.substr(at_, 3) == "?P<" || pattern_.substr(at_, 2) == "?<") &&
                       name != std::string_view::npos) {
                at_ = name + 1;
            } else {
                ok_ = false;
                return;
            }
        }
        const std::size_t begin = at_;
        const std::size_t end = group_end();
        if (!ok_ || depth_ >= kGroupDepthMax) {
            ok_ = false;
            return;
        }
        at_ = end + 1;
        const Quantifier q = quantifier();
        // Flags in a group that may be left out are none of our business, but those in it hold for
        // its rest only.
        if (q != Quantifier::kOther) {
            consider(
                LiteralReader(pattern_.substr(begin, end - begin), any_case, depth_ + 1).read());
        }
    }

    // Where the bracket stands that closes the group that begins at at_.
    std::size_t group_end() {
        LiteralReader inner(pattern_, any_case_, depth_ + 1);
        inner.at_ = at_;
        int open = 1;
        while (inner.ok_ && inner.at_ < pattern_.size()) {
            const char c = pattern_[inner.at_++];
            if (c == '\\') {
                // \Q quotes brackets too.
                inner.ok_ = inner.at_ < pattern_.size() && pattern_[inner.at_] != 'Q';
                ++inner.at_;
            } else if (c == '[') {
                inner.skip_class();
            } else if (c == '(') {
                ++open;
            } else if (c == ')' && --open == 0) {
                return inner.at_ - 1;
            }
        }
        ok_ = false;
        return 0;
    }

    void end_run() {
        if (!run_.empty()) {
            consider({{run_, any_case_}});
            run_.clear();
        }
    }

    // Keeps the better of two sets: that whose shortest text is longer.
    void consider(std::vector<Literal> set) {
        const auto shortest = [](const std::vector<Literal>& s) {
            std::size_t n = s.empty() ? 0 : s[0].text.size();
            for (const Literal& literal : s) {
                n = std::min(n, literal.text.size());
            }
            return n;
        };
        if (shortest(set) >= kLiteralMin && shortest(set) > shortest(best_)) {
            best_ = std::move(set);
        }
    }

    void end_alternative() {
        end_run();
        ok_ = ok_ && !best_.empty();
        all_.insert(all_.end(), best_.begin(), best_.end());
        best_.clear();
    }

    std::string_view pattern_;
    bool any_case_;
    int depth_;
    std::size_t at_ = 0;
    bool ok_ = true;
    std::string run_;            // literal characters up to here
    std::vector<Literal> best_;  // of this alternative
    std::vector<Literal> all_;   // of those before
    std::size_t flags_end_ = 0;  // what flags() has read
    bool flags_any_case_ = false;
};

}  // namespace

std::vector<Literal> required_literals(std::string_view pattern) {
    return LiteralReader(pattern, false, 0).read();
}

}  // namespace logi::regex
