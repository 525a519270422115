// Any text is safe to parse. A query that parses is printed, in both forms, as one that parses to
// the same text again.
#include "logql/parser.h"
#include "logql/printer.h"
#include "logql/tree.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void expect_reads_as(const std::string& text, const std::string& expected) {
    if (text.size() >= logi::logql::kQueryBytesMax) {
        return;  // printing may lengthen a query past the limit
    }
    const auto tree = logi::logql::parse(text);
    const std::string again = tree.ok() ? to_string(**tree) : tree.status().ToString();
    if (again != expected) {
        std::fprintf(stderr, "%s\nreads as\n%s\n", text.c_str(), again.c_str());
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string query(reinterpret_cast<const char*>(data), size);
    const auto tree = logi::logql::parse(query);
    if (!tree.ok()) {
        if (tree.status().code() != absl::StatusCode::kInvalidArgument) {
            std::abort();
        }
        return 0;
    }
    const std::string text = to_string(**tree);
    expect_reads_as(text, text);
    expect_reads_as(pretty(**tree), text);
    (void)logi::logql::parse_selector(query, logi::logql::Selective::kAny);
    (void)logi::logql::parse_log_query(query, logi::logql::Selective::kYesOrEmpty);
    return 0;
}
