#include "block/metadata_columns.h"

#include "absl/strings/str_cat.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::block {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// MetadataRows with metadata, and what they view.
struct MetadataRows {
    std::vector<Pairs> pairs;
    std::vector<std::vector<MetadataView>> views;
    std::vector<Row> rows;
    std::vector<Timestamp> times;

    void add(Pairs of_row) { pairs.push_back(std::move(of_row)); }
    std::optional<EncodedColumns> encode(MetadataEncoder& encoder) {
        views.clear();
        rows.clear();
        times.clear();
        for (const Pairs& of_row : pairs) {
            auto& view = views.emplace_back();
            for (const auto& [name, value] : of_row) {
                view.push_back({name, value});
            }
        }
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            Row row;
            row.time = {1'700'000'000'000'000'000 + static_cast<std::int64_t>(i) * 1'000'007};
            row.metadata = views[i].data();
            row.metadata_count = static_cast<std::uint32_t>(views[i].size());
            rows.push_back(row);
            times.push_back(row.time);
        }
        return encoder.encode(rows);
    }
    [[nodiscard]] StatusOr<MetadataTable> decode(const EncodedColumns& encoded) const {
        return MetadataTable::decode(
            encoded.tree,
            [&](std::uint64_t offset, std::uint64_t length) -> StatusOr<std::string> {
                if (offset > encoded.data.size() || length > encoded.data.size() - offset) {
                    return absl::DataLossError("there are no such bytes");
                }
                return encoded.data.substr(offset, length);
            },
            [this]() -> StatusOr<absl::Span<const Timestamp>> {
                return absl::MakeConstSpan(times);
            },
            static_cast<std::uint32_t>(rows.size()));
    }
    [[nodiscard]] bool equal(const MetadataTable& table) const {
        for (std::uint32_t i = 0; i < pairs.size(); ++i) {
            Pairs found;
            for (const MetadataView& pair : table.of(i)) {
                found.emplace_back(pair.name, pair.value);
            }
            if (found != pairs[i]) {
                return false;
            }
        }
        return true;
    }
    // Returns the bytes that it took.
    std::size_t expect_back() {
        MetadataEncoder encoder;
        const auto encoded = encode(encoder);
        EXPECT_TRUE(encoded.has_value());
        const auto table = decode(*encoded);
        EXPECT_TRUE(table.ok()) << table.status();
        EXPECT_TRUE(table.ok() && equal(*table));
        return encoded->tree.size() + encoded->data.size();
    }
};

std::string hex(std::mt19937_64& random) {
    return absl::StrCat(absl::Hex(random(), absl::kZeroPad16));
}

TEST(MetadataColumns, RowsWithoutAnyTakeNothing) {
    MetadataRows r;
    r.add({});
    r.add({});
    MetadataEncoder encoder;
    EXPECT_FALSE(r.encode(encoder).has_value());
    EXPECT_TRUE(MetadataTable().of(1).empty());
}

TEST(MetadataColumns, OddPairsComeBack) {
    MetadataRows r;
    r.add({{"a", ""}, {"b", "x"}, {"c", ""}});
    r.add({});
    r.add({{"b", std::string("\0\n\xff", 3)}, {"b", "twice"}, {"d", std::string(70'000, 'z')}});
    r.add({{"", "no name"}, {"a", "now a value"}});
    r.expect_back();
    MetadataRows one;
    one.add({{"only", ""}});
    one.expect_back();
}

TEST(MetadataColumns, RandomPairsComeBack) {
    std::mt19937_64 random(3);
    for (int turn = 0; turn < 20; ++turn) {
        MetadataRows r;
        const std::size_t names = 1 + random() % 12;
        for (int row = 0; row < 700; ++row) {
            Pairs pairs;
            for (std::size_t n = 0; n < names; ++n) {
                switch (random() % 6) {
                    case 0:
                        pairs.emplace_back(absl::StrCat("n", n), hex(random));
                        break;
                    case 1:
                        pairs.emplace_back(absl::StrCat("n", n), "");
                        break;
                    case 2:
                        pairs.emplace_back(absl::StrCat("n", n), absl::StrCat("v", random() % 5));
                        break;
                    case 3:
                        pairs.emplace_back(absl::StrCat("n", n), absl::StrCat(random() % 1000));
                        break;
                    default:
                        break;
                }
            }
            r.add(std::move(pairs));
        }
        r.add({{"last", "one"}});
        r.expect_back();
    }
}

TEST(MetadataColumns, ColumnsTakeWhatTheirValuesTake) {
    std::mt19937_64 random(4);
    MetadataRows r;
    for (std::int64_t i = 0; i < 5000; ++i) {
        r.add(
            {{"observed_timestamp", absl::StrCat(1'700'000'000'000'000'000 + i * 1'000'007 + 250)},
             {"severity", i % 3 == 0 ? "INFO" : "WARN"},
             {"span_id", hex(random)}});
    }
    // Eight bytes of random digits, two bits of severity, and nothing of the time.
    EXPECT_LT(r.expect_back(), 5000 * 8.4);
}

TEST(MetadataColumns, DamageIsRefusedOrChangesNothing) {
    std::mt19937_64 random(5);
    MetadataRows r;
    for (int i = 0; i < 300; ++i) {
        r.add(i % 4 == 0 ? Pairs()
                         : Pairs({{"id", hex(random)}, {"level", i % 3 == 0 ? "info" : "warn"}}));
    }
    MetadataEncoder encoder;
    const auto encoded = r.encode(encoder);
    for (std::size_t i = 0; i < encoded->tree.size(); ++i) {
        for (const int change : {1, 0x20, 0x80}) {
            EncodedColumns changed = *encoded;
            changed.tree[i] = static_cast<char>(changed.tree[i] ^ change);
            (void)r.decode(changed);  // no crash: the tree's checksum is elsewhere
        }
        EncodedColumns cut = *encoded;
        cut.tree.resize(i);
        EXPECT_FALSE(r.decode(cut).ok()) << i;
    }
    for (std::size_t i = 0; i < encoded->data.size(); ++i) {
        EncodedColumns changed = *encoded;
        changed.data[i] = static_cast<char>(changed.data[i] ^ 4);
        EXPECT_FALSE(r.decode(changed).ok()) << i;
    }
}

}  // namespace
}  // namespace logi::block
