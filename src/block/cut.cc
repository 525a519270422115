#include "block/cut.h"

#include "base/ascii.h"
#include "block/char_class.h"
#include "block/time_layout.h"

#include <algorithm>

namespace logi::block {
namespace {

constexpr std::size_t kHexWordMin = 4;

bool is_hex(std::string_view s) {
    return (classes_of(s) & ~(kLowerHexClasses | kUpperHexClasses)) == 0;
}
SlotEnd how(Stop stop) {
    return static_cast<SlotEnd>(stop);
}

class Cutter {
  public:
    Cutter(const MaskedText& t, std::uint32_t begin, std::uint32_t end, std::vector<CutSlot>& slots)
        : t_(t), begin_(begin), end_(end), at_(begin), slots_(slots) {}

    void coarse() {
        while (at_ < end_) {
            if (t_.text[at_] == '"') {
                quoted();
            } else if (behind_value_mark() && begins_value()) {
                slot(Stop::kWord);
            } else if (run_at(at_)) {
                token();
            } else {
                ++at_;
            }
        }
    }

    void fine() {
        while (at_ < end_) {
            if (run_at(at_)) {
                run();
            } else {
                ++at_;
            }
        }
    }

  private:
    [[nodiscard]] bool run_at(std::uint32_t place) const {
        return !t_.masks->at(Stop::kRun, place);
    }
    [[nodiscard]] char before(std::uint32_t n) const {
        return at_ >= begin_ + n ? t_.text[at_ - n] : '\0';
    }
    [[nodiscard]] std::string_view view(std::uint32_t from, std::uint32_t to) const {
        return {t_.text + from, to - from};
    }
    void add(std::uint32_t from, std::uint32_t to, SlotEnd how) {
        slots_.push_back({from, to, how});
        at_ = to;
    }
    void slot(Stop stop) { add(at_, t_.masks->stop(stop, at_, end_), how(stop)); }

    // key=, "key": or "key":␠
    [[nodiscard]] bool behind_value_mark() const {
        const char c = before(1);
        if (c == '=') {
            return at_ >= begin_ + 2 && (run_at(at_ - 2) || before(2) == '"');
        }
        return (c == ':' && before(2) == '"') || (c == ' ' && before(2) == ':' && before(3) == '"');
    }
    [[nodiscard]] bool begins_value() const {
        const char c = t_.text[at_];
        return c != '{' && c != '[' && c != '(' && !t_.masks->at(Stop::kWord, at_);
    }

    void quoted() {
        const std::uint32_t open = at_;
        const std::uint32_t close = t_.masks->stop(Stop::kQuote, open + 1, end_);
        const bool closed = close < end_ && t_.text[close] == '"';
        if (!closed || (open > begin_ && run_at(open - 1))) {
            at_ = open + 1;
            return;
        }
        const bool key = close + 1 < end_ && t_.text[close + 1] == ':';
        if (!key && close > open + 1) {
            add(open + 1, close, how(Stop::kQuote));
        }
        at_ = close + 1;
    }

    void token() {
        if (const std::uint32_t n = fixed_time_length(view(at_, end_)); n > 0) {
            add(at_, at_ + n, static_cast<SlotEnd>(kFixed + n));
            return;
        }
        const std::uint32_t to = t_.masks->stop(Stop::kToken, at_, end_);
        const std::string_view word = view(at_, to);
        if (std::any_of(word.begin(), word.end(), base::is_digit) || before(1) == '@' ||
            (word.size() >= kHexWordMin && is_hex(word))) {
            add(at_, to, how(Stop::kToken));
        }
        at_ = to;
    }

    // Letters and digits up to something else. Letters that cannot be hexadecimal are constant in
    // front of digits and behind them.
    void run() {
        const std::uint32_t to = t_.masks->stop(Stop::kRun, at_, end_);
        const std::string_view word = view(at_, to);
        const auto first = std::find_if(word.begin(), word.end(), base::is_digit);
        if (first == word.end()) {
            if (word.size() >= kHexWordMin && is_hex(word)) {
                add(at_, to, how(Stop::kRun));
            }
            at_ = to;
            return;
        }
        const auto letters = static_cast<std::uint32_t>(first - word.begin());
        if (letters > 0 && !is_hex(word.substr(0, letters))) {
            at_ += letters;
        }
        const std::uint32_t digits_end = t_.masks->stop(Stop::kDigits, at_, end_);
        if (base::is_digit(t_.text[at_]) && number(digits_end)) {
            return;
        }
        const std::string_view tail = view(digits_end, to);
        if (digits_end > at_ && !tail.empty() &&
            std::none_of(tail.begin(), tail.end(), base::is_digit) && !is_hex(tail)) {
            add(at_, digits_end, how(Stop::kDigits));
            at_ = to;
        } else {
            add(at_, to, how(Stop::kRun));
        }
    }

    // Digits, a point and digits, if no further point and digits follow.
    bool number(std::uint32_t point) {
        if (point + 1 >= end_ || t_.text[point] != '.' || !base::is_digit(t_.text[point + 1])) {
            return false;
        }
        const std::uint32_t to = t_.masks->stop(Stop::kDigits, point + 1, end_);
        const bool more = to + 1 < end_ && t_.text[to] == '.' && base::is_digit(t_.text[to + 1]);
        const bool before_point =
            at_ >= begin_ + 2 && before(1) == '.' && base::is_digit(before(2));
        if (more || before_point) {
            return false;
        }
        const std::string_view tail = view(to, t_.masks->stop(Stop::kRun, to, end_));
        if (!tail.empty() &&
            (is_hex(tail) || std::any_of(tail.begin(), tail.end(), base::is_digit))) {
            return false;
        }
        add(at_, to, kNumber);
        return true;
    }

    const MaskedText& t_;
    const std::uint32_t begin_;
    const std::uint32_t end_;
    std::uint32_t at_;
    std::vector<CutSlot>& slots_;
};

}  // namespace

void cut(const MaskedText& t,
         std::uint32_t begin,
         std::uint32_t end,
         CutRule rule,
         std::vector<CutSlot>& slots) {
    slots.clear();
    Cutter cutter(t, begin, end, slots);
    if (rule == CutRule::kCoarse) {
        cutter.coarse();
    } else {
        cutter.fine();
    }
}

}  // namespace logi::block
