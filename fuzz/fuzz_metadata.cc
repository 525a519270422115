// Any metadata comes back from its columns, and columns whose bytes were changed are refused or
// read, within bounds. The input is lines of name=value, parted by blanks, then behind a zero byte
// changes (changed_columns.h).
#include "block/metadata_columns.h"
#include "changed_columns.h"

#include <deque>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace logi;
using namespace logi::fuzz;

constexpr std::size_t kLinesMax = 200;
constexpr unsigned kVariants = 9;  // of each line, so that columns are worth it

struct Entries {
    std::deque<std::string> texts;
    std::deque<std::vector<MetadataView>> pairs;
    std::vector<Timestamp> times;
    std::vector<block::Row> rows;

    void add(std::string text) {
        std::vector<MetadataView>& own = pairs.emplace_back();
        std::string_view rest = texts.emplace_back(std::move(text));
        while (!rest.empty()) {
            const std::string_view pair = rest.substr(0, rest.find(' '));
            rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
            const std::size_t equals = std::min(pair.find('='), pair.size());
            own.push_back({pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size()))});
        }
        times.push_back(
            {1'700'000'000'000'000'000 + static_cast<std::int64_t>(rows.size()) * 1'000'003});
        rows.push_back({.metadata_count = static_cast<std::uint32_t>(own.size()),
                        .time = times.back(),
                        .sequence = {},
                        .line = {},
                        .metadata = own.data()});
    }
};

// Each line several times, with other digits.
Entries entries_of(std::string_view text) {
    Entries entries;
    for (std::size_t n = 0; n < kLinesMax && !text.empty(); ++n) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        for (unsigned variant = 0; variant < kVariants; ++variant) {
            std::string other(line);
            for (char& c : other) {
                if (c >= '0' && c <= '9') {
                    c = static_cast<char>('0' + (static_cast<unsigned>(c - '0') + variant) % 10);
                }
            }
            entries.add(std::move(other));
        }
    }
    return entries;
}

StatusOr<block::MetadataTable> decode(const block::EncodedColumns& encoded,
                                      const Entries& entries) {
    return block::MetadataTable::decode(
        encoded.tree,
        fetch_from(encoded),
        [&entries]() -> StatusOr<absl::Span<const Timestamp>> {
            return absl::MakeConstSpan(entries.times);
        },
        static_cast<std::uint32_t>(entries.rows.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(0, input.find('\0'));
    const Entries entries = entries_of(text);
    if (entries.rows.empty()) {
        return 0;
    }
    block::MetadataEncoder encoder;
    auto encoded = encoder.encode(entries.rows);
    if (!encoded) {
        return 0;
    }
    const auto table = decode(*encoded, entries);
    must(table.ok());
    for (std::uint32_t row = 0; row < entries.rows.size(); ++row) {
        const auto pairs = table->of(row);
        must(pairs.size() == entries.pairs[row].size());
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            must(pairs[i].name == entries.pairs[row][i].name &&
                 pairs[i].value == entries.pairs[row][i].value);
        }
    }
    change(*encoded, input.substr(std::min(text.size() + 1, input.size())));
    (void)decode(*encoded, entries);
    (void)block::MetadataHead::open(base::Buffer::copy_of(encoded->tree));
    return 0;
}
