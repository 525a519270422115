#include "template/json.h"

#include "base/ascii.h"
#include "base/hex.h"
#include "fields/conversions.h"
#include "template/number.h"
#include "template/utf8.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace logi::tmpl {
namespace {

bool is_json_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_surrogate(char32_t c) {
    return c >= 0xD800 && c < 0xE000;
}

// The errors of reading: the text is wrong (then the whole value is nil), or memory ran out.
Status not_json() {
    return absl::InvalidArgumentError("not JSON");
}

class JsonReader {
  public:
    JsonReader(Frame& frame, std::string_view text) : frame_(frame), s_(text) {}

    StatusOr<Value> run() {
        LOGI_ASSIGN_OR_RETURN(const Value v, value(0));
        pass_spaces();
        return s_.empty() ? StatusOr<Value>(v) : not_json();
    }

  private:
    void pass_spaces() {
        while (!s_.empty() && is_json_space(s_[0])) {
            s_.remove_prefix(1);
        }
    }

    bool take(std::string_view text) {
        if (!s_.starts_with(text)) {
            return false;
        }
        s_.remove_prefix(text.size());
        return true;
    }

    StatusOr<Value> value(int depth) {
        if (depth > kJsonDepthMax) {
            return not_json();
        }
        pass_spaces();
        if (s_.empty()) {
            return not_json();
        }
        switch (s_[0]) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string();
            case 't':
                return take("true") ? StatusOr<Value>(Value::boolean(true)) : not_json();
            case 'f':
                return take("false") ? StatusOr<Value>(Value::boolean(false)) : not_json();
            case 'n':
                return take("null") ? StatusOr<Value>(Value::nil()) : not_json();
            default:
                return number();
        }
    }

    StatusOr<Value> array(int depth) {
        take("[");
        std::vector<Value> items;
        pass_spaces();
        if (take("]")) {
            return frame_.list(items);
        }
        do {
            LOGI_ASSIGN_OR_RETURN(const Value item, value(depth + 1));
            items.push_back(item);
            pass_spaces();
        } while (take(","));
        return take("]") ? frame_.list(items) : not_json();
    }

    StatusOr<Value> object(int depth) {
        take("{");
        std::vector<MapEntry> entries;
        pass_spaces();
        if (take("}")) {
            return frame_.map(entries);
        }
        do {
            pass_spaces();
            if (!s_.starts_with('"')) {
                return not_json();
            }
            LOGI_ASSIGN_OR_RETURN(const Value key, string());
            pass_spaces();
            if (!take(":")) {
                return not_json();
            }
            LOGI_ASSIGN_OR_RETURN(const Value item, value(depth + 1));
            entries.push_back({key.as_string(), item});
            pass_spaces();
        } while (take(","));
        if (!take("}")) {
            return not_json();
        }
        keep_last_of_equal_keys(entries);
        return frame_.map(entries);
    }

    static void keep_last_of_equal_keys(std::vector<MapEntry>& entries) {
        std::reverse(entries.begin(), entries.end());
        std::stable_sort(entries.begin(), entries.end(), [](const MapEntry& a, const MapEntry& b) {
            return a.key < b.key;
        });
        const auto last =
            std::unique(entries.begin(), entries.end(), [](const MapEntry& a, const MapEntry& b) {
                return a.key == b.key;
            });
        entries.erase(last, entries.end());
    }

    std::size_t digits_from(std::size_t i) const {
        while (i < s_.size() && base::is_digit(s_[i])) {
            ++i;
        }
        return i;
    }

    StatusOr<Value> number() {
        std::size_t i = s_[0] == '-' ? 1 : 0;
        if (i >= s_.size() || !base::is_digit(s_[i])) {
            return not_json();
        }
        i = s_[i] == '0' ? i + 1 : digits_from(i);
        if (i < s_.size() && s_[i] == '.') {
            const std::size_t end = digits_from(i + 1);
            if (end == i + 1) {
                return not_json();
            }
            i = end;
        }
        if (i < s_.size() && (s_[i] == 'e' || s_[i] == 'E')) {
            const bool sign = i + 1 < s_.size() && (s_[i + 1] == '+' || s_[i + 1] == '-');
            const std::size_t start = i + (sign ? 2 : 1);
            const std::size_t end = digits_from(start);
            if (end == start) {
                return not_json();
            }
            i = end;
        }
        double number = 0;
        const bool in_range = fields::parse_go_float(s_.substr(0, i), number, nullptr);
        s_.remove_prefix(i);
        // A number past the range of float64 is left out, the rest stays.
        return in_range ? Value::float64(number) : Value::nil();
    }

    StatusOr<Value> string() {
        take("\"");
        std::string out;
        while (!s_.empty()) {
            const char c = s_[0];
            if (c == '"') {
                s_.remove_prefix(1);
                return frame_.string(out);
            }
            if (static_cast<unsigned char>(c) < 0x20) {
                return not_json();
            }
            if (c == '\\') {
                if (!escape(out)) {
                    return not_json();
                }
                continue;
            }
            const Rune r = decode_rune(s_);
            out.append(r.valid ? std::string(s_.substr(0, r.length)) : encode_rune(r.value));
            s_.remove_prefix(r.length);
        }
        return not_json();
    }

    bool escape(std::string& out) {
        if (s_.size() < 2) {
            return false;
        }
        constexpr std::string_view kFrom = "\"\\/bfnrt";
        constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
        if (s_[1] == 'u') {
            return unicode_escape(out);
        }
        const std::size_t at = kFrom.find(s_[1]);
        if (at == std::string_view::npos) {
            return false;
        }
        out.push_back(kTo[at]);
        s_.remove_prefix(2);
        return true;
    }

    // The value of \u and four digits at the start of s.
    static std::optional<std::uint32_t> hex_escape(std::string_view s) {
        return s.starts_with("\\u") ? base::hex_number(s.substr(2), 4) : std::nullopt;
    }

    // A pair of surrogates is one rune; one alone becomes U+FFFD.
    bool unicode_escape(std::string& out) {
        auto rune = hex_escape(s_);
        if (!rune) {
            return false;
        }
        s_.remove_prefix(6);
        if (is_surrogate(*rune)) {
            const auto low = hex_escape(s_);
            if (*rune < 0xDC00 && low && *low >= 0xDC00 && *low < 0xE000) {
                rune = 0x10000 + ((*rune - 0xD800) << 10U) + (*low - 0xDC00);
                s_.remove_prefix(6);
            }
        }
        out.append(encode_rune(*rune));
        return true;
    }

    Frame& frame_;
    std::string_view s_;
};

}  // namespace

StatusOr<Value> json_value(Frame& frame, std::string_view text) {
    auto result = JsonReader(frame, text).run();
    if (!result.ok() && absl::IsInvalidArgument(result.status())) {
        return Value::nil();
    }
    return result;
}

}  // namespace logi::tmpl
