// One line of a service: JSON or logfmt, with the key names of common logging libraries.
#pragma once

#include "text.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::bench {

enum class Style : std::uint8_t {
    kZap,      // JSON as Go's zap: level, ts, caller, msg
    kLogback,  // JSON as Java's logback encoder: @timestamp, level, thread_name, logger_name,
               // message
    kPino,     // JSON as Node's pino: numbers for levels, nested objects
    kGoKit,    // logfmt: ts, caller, level, msg
    kLogrus,   // logfmt: time, level, msg
};

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };

class ServiceLine {
  public:
    // Begins a line; what it is about must outlive it.
    struct Origin {
        Style style = Style::kZap;
        std::string_view service;
        std::string_view pod;
        std::string_view file;    // caller or class
        std::uint64_t place = 0;  // line of the file, or thread
    };
    void begin(const Origin& origin, Level level, std::int64_t ns, std::string_view message);
    // A text; it must need no escaping but that of newlines and tabs.
    void text(std::string_view key, std::string_view value);
    void number(std::string_view key, std::uint64_t value);
    // A time span, in the unit that the style has.
    void span(std::string_view key, std::uint64_t us);
    // Opens and closes a nested object, in JSON only.
    void open(std::string_view key);
    void close();
    std::string_view end();

    [[nodiscard]] static bool is_json(Style style) {
        return style != Style::kGoKit && style != Style::kLogrus;
    }

  private:
    void key(std::string_view key);
    void json_text(std::string_view value);
    void level_and_place(const Origin& origin, Level level, std::int64_t ns);

    Style style_ = Style::kZap;
    bool first_ = true;
    std::string line_;
    Calendar calendar_;
};

}  // namespace logi::bench
