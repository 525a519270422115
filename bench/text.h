// Builds lines of logs.
#pragma once

#include <charconv>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace logi::bench {

class Text {
  public:
    explicit Text(std::string& out) : out_(out) {}

    Text& operator<<(std::string_view s) {
        out_.append(s);
        return *this;
    }
    Text& operator<<(std::uint64_t v) { return number(v); }
    Text& operator<<(std::int64_t v) { return number(v); }
    Text& operator<<(std::uint32_t v) { return number(v); }
    Text& operator<<(int v) { return number(v); }

    Text& hex(std::uint64_t v, int digits) {
        for (int i = digits - 1; i >= 0; --i) {
            out_.push_back("0123456789abcdef"[(v >> (4U * static_cast<unsigned>(i))) & 15U]);
        }
        return *this;
    }
    // At least `digits` digits, with leading zeros.
    Text& padded(std::uint64_t v, int digits) {
        char b[20];
        for (int i = digits - 1; i >= 0; --i) {
            b[i] = static_cast<char>('0' + v % 10);
            v /= 10;
        }
        out_.append(b, static_cast<std::size_t>(digits));
        return *this;
    }
    // Thousandths, as 12.345.
    Text& thousandths(std::uint64_t v) { return (*this << v / 1000 << ".").padded(v % 1000, 3); }
    Text& ipv4(std::uint64_t v) {
        return *this << (v >> 24U & 255U) << "." << (v >> 16U & 255U) << "." << (v >> 8U & 255U)
                     << "." << (v & 255U);
    }
    Text& uuid(std::uint64_t a, std::uint64_t b) {
        hex(a >> 32U, 8) << "-";
        hex(a >> 16U & 0xFFFFU, 4) << "-4";
        hex(a & 0xFFFU, 3) << "-";
        hex((b >> 48U & 0x3FFFU) | 0x8000U, 4) << "-";
        return hex(b & 0xFFFFFFFFFFFFULL, 12);
    }

  private:
    template <typename T>
    Text& number(T v) {
        char b[24];
        const auto end = std::to_chars(b, b + sizeof(b), v).ptr;
        out_.append(b, static_cast<std::size_t>(end - b));
        return *this;
    }
    std::string& out_;
};

// Formats times; the broken-down second is kept, since lines come in the order of time.
class Calendar {
  public:
    // 2024-06-03T06:00:00.123456Z with that many digits of the fraction, up to 9.
    void rfc3339(std::int64_t ns, int digits, std::string& out) {
        set(ns);
        Text t(out);
        t.padded(field(tm_.tm_year + 1900), 4) << "-";
        t.padded(field(tm_.tm_mon + 1), 2) << "-";
        t.padded(field(tm_.tm_mday), 2) << "T";
        clock(t);
        if (digits > 0) {
            std::uint64_t fraction = static_cast<std::uint64_t>(ns) % 1'000'000'000U;
            for (int i = 9; i > digits; --i) {
                fraction /= 10;
            }
            (t << ".").padded(fraction, digits);
        }
        t << "Z";
    }
    // 03/Jun/2024:06:00:00 +0000
    void common_log(std::int64_t ns, std::string& out) {
        set(ns);
        Text t(out);
        t.padded(field(tm_.tm_mday), 2) << "/" << kMonths[tm_.tm_mon] << "/";
        t.padded(field(tm_.tm_year + 1900), 4) << ":";
        clock(t);
        t << " +0000";
    }
    // Jun  3 06:00:00
    void syslog(std::int64_t ns, std::string& out) {
        set(ns);
        Text t(out);
        t << kMonths[tm_.tm_mon] << (tm_.tm_mday < 10 ? "  " : " ") << tm_.tm_mday << " ";
        clock(t);
    }

  private:
    static constexpr std::string_view kMonths[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    static std::uint64_t field(int v) { return static_cast<std::uint64_t>(v); }
    void set(std::int64_t ns) {
        const std::time_t second = ns / 1'000'000'000;
        if (second != second_) {
            second_ = second;
            ::gmtime_r(&second, &tm_);
        }
    }
    void clock(Text& t) const {
        t.padded(field(tm_.tm_hour), 2) << ":";
        t.padded(field(tm_.tm_min), 2) << ":";
        t.padded(field(tm_.tm_sec), 2);
    }
    std::time_t second_ = -1;
    std::tm tm_{};
};

}  // namespace logi::bench
