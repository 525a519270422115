// OTLP's AnyValue: what an attribute or a body is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::wire {

struct OtlpValue {
    enum class Kind : std::uint8_t { kEmpty, kText, kBool, kInt, kDouble, kBytes, kList, kMap };

    Kind kind = Kind::kEmpty;
    std::int64_t integer = 0;  // of kBool and kInt
    double real = 0;
    std::string_view text;                // of kText and kBytes
    std::vector<OtlpValue> values;        // of kList and kMap
    std::vector<std::string_view> names;  // of the values of kMap, as sent
};

// Deeper ones are refused.
inline constexpr int kOtlpDepthMax = 64;

// As the OpenTelemetry collector, and so Loki, writes values: texts as they are, lists and maps as
// JSON with names in order, bytes in base64, 1.5, true; nothing for an empty value. A text is given
// back as it is, anything else is written to `scratch`.
[[nodiscard]] std::string_view otlp_text(const OtlpValue& value, std::string& scratch);

}  // namespace logi::wire
