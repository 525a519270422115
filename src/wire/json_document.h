// A request body as a document of simdjson: heavy, so only for the files that read JSON.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>

namespace logi::wire {

inline bool is_null(simdjson::ondemand::value value) {
    return value.type() == simdjson::ondemand::json_type::null;
}

// Calls on_document with `body` as a document, and gives `body` its size back. What on_document
// gets may throw simdjson_error; texts that it unescapes live as long as on_document runs.
template <typename F>
void read_json(std::string& body, F on_document) {
    // A parser keeps several times the bytes of the largest document it has seen.
    constexpr std::size_t kParserBytesKept = 4U << 20U;
    thread_local simdjson::ondemand::parser shared;
    simdjson::ondemand::parser own;
    simdjson::ondemand::parser& parser = body.size() > kParserBytesKept ? own : shared;
    const std::size_t size = body.size();
    struct Shrink {
        std::string& body;
        std::size_t size;
        ~Shrink() { body.resize(size); }
    } const shrink{body, size};
    body.resize(size + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document =
        parser.iterate(simdjson::padded_string_view(body.data(), size, body.size()));
    on_document(document);
}

}  // namespace logi::wire
