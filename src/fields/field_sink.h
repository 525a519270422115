// Where the parsers put what they find in a line, and what they need to do so without allocating.
#pragma once

#include "absl/types/span.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace logi::fields {

// Receives the fields of one line in the order of the line. Names are sanitised, values unescaped;
// all views are valid only during the call. The sink knows the labels of the entry and decides on
// collisions: a name that the stream or its metadata has gets "_extracted".
class FieldSink {
  public:
    FieldSink() = default;
    virtual ~FieldSink() = default;
    FieldSink(const FieldSink&) = delete;
    FieldSink& operator=(const FieldSink&) = delete;

    // A field that was found; one extracted before, by this or an earlier parser, stays. False: the
    // reader has all it needs, the parser stops, and what is behind is not even checked.
    virtual bool add(std::string_view name, std::string_view value) = 0;

    // The same from a JSON object: `path` are the keys from the root, not sanitised.
    virtual bool add_at(absl::Span<const std::string_view> path,
                        std::string_view name,
                        std::string_view value) {
        (void)path;
        return add(name, value);
    }

    // A field that an expression asked for: replaces one extracted before. False: as add.
    virtual bool set(std::string_view name, std::string_view value) = 0;

    // An expression did not find its field: it is empty, unless the stream or its metadata has the
    // name, or, with `keep_extracted`, an earlier parser extracted it.
    virtual void set_missing(std::string_view name, bool keep_extracted) = 0;

    // False: the parser may leave the field out, and need not unescape it.
    [[nodiscard]] virtual bool wants(std::string_view name) const {
        (void)name;
        return true;
    }
    // False: no field of a nested object whose name begins with `prefix` and '_' is wanted. Such an
    // object is skipped, and its inside is not checked.
    [[nodiscard]] virtual bool wants_prefix(std::string_view prefix) const {
        (void)prefix;
        return true;
    }
};

// What __error__ and __error_details__ become; both empty when the line could be read. `details`
// is valid until the Scratch is used again.
struct ParseError {
    std::string_view kind;
    std::string_view details;
    [[nodiscard]] bool ok() const { return kind.empty(); }
};

inline constexpr std::string_view kJsonError = "JSONParserErr";
inline constexpr std::string_view kLogfmtError = "LogfmtParserErr";

// Objects nested deeper than this are an error, and paths may not be longer.
inline constexpr std::size_t kJsonDepthMax = 128;

// Buffers of the parsers, kept from line to line. One per thread; any parser may use any.
struct Scratch {
    std::string name;
    std::string value;
    std::string line;
    std::string details;
    std::array<std::string, kJsonDepthMax + 1> keys;  // unescaped, by depth
    std::vector<std::string_view> path;
    std::vector<std::string_view> groups;
    std::vector<unsigned char> done;
    std::vector<unsigned char> in_array;
    struct Pair {
        std::string name;
        std::string value;
    };
    std::vector<Pair> pairs;  // only the first few are in use
};

}  // namespace logi::fields
