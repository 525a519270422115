#include "fields/json_path.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "fields/field_sink.h"

namespace logi::fields {
namespace {

enum class Token : unsigned char { kEnd, kDot, kOpen, kClose, kString, kField, kIndex };

const char* token_name(Token token) {
    switch (token) {
        case Token::kEnd:
            return "$end";
        case Token::kDot:
            return "DOT";
        case Token::kOpen:
            return "LSB";
        case Token::kClose:
            return "RSB";
        case Token::kString:
            return "STRING";
        case Token::kField:
            return "FIELD";
        case Token::kIndex:
            return "INDEX";
    }
    return "";
}

bool begins_field(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Status unexpected(Token token, std::string_view expected) {
    return absl::InvalidArgumentError(absl::StrCat("syntax error: unexpected ",
                                                   token_name(token),
                                                   expected.empty() ? "" : ", expecting ",
                                                   std::string(expected)));
}

class PathReader {
  public:
    explicit PathReader(std::string_view text) : rest_(text) {}

    StatusOr<JsonPath> read() {
        LOGI_RETURN_IF_ERROR(advance());
        if (token_ != Token::kField && token_ != Token::kOpen) {
            return unexpected(token_, "LSB or FIELD");
        }
        while (token_ != Token::kEnd) {
            if (path_.size() == kJsonDepthMax) {
                return absl::InvalidArgumentError("path is too long");
            }
            LOGI_RETURN_IF_ERROR(read_part());
        }
        return std::move(path_);
    }

  private:
    Status read_part() {
        if (token_ == Token::kOpen) {
            return read_brackets();
        }
        if (token_ == Token::kDot) {
            LOGI_RETURN_IF_ERROR(advance());
            if (token_ != Token::kField) {
                return unexpected(token_, "FIELD");
            }
        } else if (!path_.empty()) {
            return unexpected(token_, "");
        }
        path_.push_back({text_, std::nullopt});
        return advance();
    }

    Status read_brackets() {
        LOGI_RETURN_IF_ERROR(advance());
        if (token_ == Token::kString) {
            path_.push_back({text_, std::nullopt});
        } else if (token_ == Token::kIndex) {
            path_.push_back({"", index_});
        } else {
            return unexpected(token_, "STRING or INDEX");
        }
        LOGI_RETURN_IF_ERROR(advance());
        if (token_ != Token::kClose) {
            return unexpected(token_, "RSB");
        }
        return advance();
    }

    // Reads the next token.
    Status advance() {
        const std::size_t begin = std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
        rest_.remove_prefix(begin);
        if (rest_.empty()) {
            token_ = Token::kEnd;
            return absl::OkStatus();
        }
        const char c = rest_[0];
        if (base::is_digit(c)) {
            return read_index();
        }
        if (begins_field(c)) {
            std::size_t end = 1;
            while (end < rest_.size() && (begins_field(rest_[end]) || base::is_digit(rest_[end]))) {
                ++end;
            }
            take(Token::kField, end);
            return absl::OkStatus();
        }
        if (c == '"') {
            // A key ends at a quote, or at a bracket.
            const std::size_t end = std::min(rest_.find_first_of("\"]", 1), rest_.size());
            text_ = rest_.substr(1, end - 1);
            token_ = Token::kString;
            rest_.remove_prefix(std::min(end + 1, rest_.size()));
            return absl::OkStatus();
        }
        if (c == '.' || c == '[' || c == ']') {
            take(c == '.' ? Token::kDot : c == '[' ? Token::kOpen : Token::kClose, 1);
            return absl::OkStatus();
        }
        return absl::InvalidArgumentError(absl::StrCat(
            "unexpected char ", std::string(rest_.substr(0, base::decode_rune(rest_).length))));
    }

    Status read_index() {
        std::size_t end = 0;
        while (end < rest_.size() && base::is_digit(rest_[end])) {
            ++end;
        }
        if (end < rest_.size() && rest_[end] == '.') {
            return absl::InvalidArgumentError("cannot use float as array index");
        }
        const std::string_view next = rest_.substr(end);
        if (!next.empty() && std::string_view(" \t\r\n]").find(next[0]) == std::string_view::npos) {
            return absl::InvalidArgumentError(
                absl::StrCat("non-integer value: ",
                             std::string(next.substr(0, base::decode_rune(next).length))));
        }
        const std::string digits(rest_.substr(0, end));
        std::int64_t value = 0;
        if (!absl::SimpleAtoi(digits, &value)) {
            return absl::InvalidArgumentError(
                absl::StrCat("strconv.Atoi: parsing \"", digits, "\": value out of range"));
        }
        index_ = static_cast<std::size_t>(value);
        take(Token::kIndex, end);
        return absl::OkStatus();
    }

    void take(Token token, std::size_t length) {
        token_ = token;
        text_ = rest_.substr(0, length);
        rest_.remove_prefix(length);
    }

    std::string_view rest_;
    Token token_ = Token::kEnd;
    std::string text_;
    std::size_t index_ = 0;
    JsonPath path_;
};

}  // namespace

StatusOr<JsonPath> parse_json_path(std::string_view text) {
    return PathReader(text).read();
}

}  // namespace logi::fields
