// Reads the pairs of a logfmt line: key=value, key="quoted \" value", or a key alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logi::fields {

enum class LogfmtFault : unsigned char {
    kNone,
    kUnexpectedByte,
    kInvalidKey,
    kUnterminatedQuote,
    kInvalidQuote,
};

// White space is every byte up to ' ', between pairs only.
class LogfmtScanner {
  public:
    // Values with escapes are resolved into `value_buffer`.
    LogfmtScanner(std::string_view line, std::string& value_buffer)
        : line_(line), value_buffer_(value_buffer) {}

    // False: at the end, or a malformed pair, which fault() tells; the next call goes on behind it.
    bool next();
    [[nodiscard]] bool at_end() const { return at_ >= line_.size(); }

    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] std::string_view value() const { return value_; }
    [[nodiscard]] LogfmtFault fault() const { return fault_; }
    // Of the byte that is wrong.
    [[nodiscard]] std::size_t fault_position() const { return fault_at_; }
    // Behind the last pair or what was passed over.
    [[nodiscard]] std::size_t position() const { return at_; }
    // The text of the last fault as Loki puts it in __error_details__; overwrites `out`.
    void describe_fault(std::string& out) const;

  private:
    bool fail(LogfmtFault fault);
    bool take_key(std::size_t end);
    bool read_plain_value();
    bool read_quoted_value();

    std::string_view line_;
    std::string& value_buffer_;
    std::size_t at_ = 0;
    std::string_view key_;
    std::string_view value_;
    LogfmtFault fault_ = LogfmtFault::kNone;
    std::size_t fault_at_ = 0;
};

}  // namespace logi::fields
