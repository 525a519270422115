#include "wire/json_repair.h"

#include "base/utf8.h"
#include "model/labels.h"

namespace logi::wire {
namespace {

class Repair {
  public:
    Repair(std::string_view text, std::uint64_t bytes_max) : text_(text), bytes_max_(bytes_max) {}

    std::string run() {
        out_.reserve(text_.size());
        while (at_ < text_.size() && !ended_ && out_.size() <= bytes_max_) {
            const char c = text_[at_];
            if (in_string_) {
                take_in_string(c);
            } else {
                take_outside(c);
            }
        }
        return out_.size() <= bytes_max_ ? std::move(out_) : std::string();
    }

  private:
    void take_outside(char c) {
        if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            ++depth_;
        } else if ((c == '}' || c == ']') && depth_ > 0) {
            ended_ = --depth_ == 0;
        }
        take_rune();
    }

    void take_in_string(char c) {
        constexpr std::string_view kHex = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20) {
            out_.append("\\u00");
            out_.push_back(kHex[byte >> 4U]);
            out_.push_back(kHex[byte & 0xFU]);
            ++at_;
            return;
        }
        in_string_ = c != '"';
        take_rune();
        if (c == '\\' && at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x20) {
            take_rune();
        }
    }

    void take_rune() {
        const std::size_t n = base::utf8_length(text_.substr(at_));
        out_.append(n == 0 ? std::string_view("\xEF\xBF\xBD") : text_.substr(at_, n));
        at_ += std::max<std::size_t>(n, 1);
    }

    std::string_view text_;
    const std::uint64_t bytes_max_;
    std::string out_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool ended_ = false;
};

}  // namespace

std::string repair_json(std::string_view text, std::uint64_t bytes_max) {
    return Repair(text, bytes_max).run();
}

}  // namespace logi::wire
