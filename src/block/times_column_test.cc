#include "block/times_column.h"

#include "codec/compress.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::block {
namespace {

struct TimedRows {
    std::vector<Row> rows;
    std::vector<std::uint32_t> streams;

    void add(std::uint32_t stream, std::int64_t ns) {
        Row row;
        row.stream = stream;
        row.time = {ns};
        rows.push_back(row);
        streams.push_back(stream);
    }
    [[nodiscard]] std::string encoded() const { return encode_times(rows); }
    void expect_back() const {
        const auto raw = codec::decompress(encoded());
        ASSERT_TRUE(raw.ok());
        const auto times = decode_times(raw->view(), streams);
        ASSERT_TRUE(times.ok()) << times.status();
        ASSERT_EQ(times->size(), rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            EXPECT_EQ((*times)[i], rows[i].time) << i;
        }
    }
};

constexpr std::int64_t kStart = 1'700'000'000'123'456'789;

TEST(TimesColumn, AnyTimesComeBack) {
    std::mt19937_64 random(1);
    for (const std::size_t rows : {1U, 2U, 3U, 200U, 5000U}) {
        for (const std::size_t run : {1U, 7U, 100'000U}) {
            for (const std::int64_t unit : {1L, 1000L, 1'000'000L, 60'000'000'000L}) {
                TimedRows r;
                std::int64_t ns = kStart;
                for (std::uint32_t i = 0; i < rows; ++i) {
                    ns = i % run == 0 ? kStart - static_cast<std::int64_t>(random() % 100) * unit
                                      : ns + static_cast<std::int64_t>(random() % 1000) * unit;
                    r.add(static_cast<std::uint32_t>(i / run), ns);
                }
                r.expect_back();
            }
        }
    }
}

TEST(TimesColumn, TimesAsFarApartAsCanBe) {
    TimedRows r;
    r.add(0, Timestamp::min().ns);
    r.add(0, 0);
    r.add(0, Timestamp::max().ns);
    r.add(1, Timestamp::min().ns);
    r.add(1, Timestamp::max().ns);
    r.add(5, Timestamp::max().ns);
    r.add(6, Timestamp::min().ns);
    r.expect_back();
}

TEST(TimesColumn, RegularTimesTakeNoSpace) {
    TimedRows r;
    for (std::int64_t i = 0; i < 10'000; ++i) {
        r.add(0, kStart + 1'000'000 * i);
    }
    r.expect_back();
    EXPECT_LT(r.encoded().size(), 40U);
}

TEST(TimesColumn, OnlyDigitsThatVaryTakeSpace) {
    std::mt19937_64 random(2);
    TimedRows in_ns;
    TimedRows in_ms;
    std::int64_t ns = kStart;
    for (std::int64_t i = 0; i < 10'000; ++i) {
        ns += static_cast<std::int64_t>(random() % 1'000) * 1'000'000;
        in_ms.add(0, ns);
        in_ns.add(0, ns + static_cast<std::int64_t>(random() % 1'000'000));
    }
    in_ms.expect_back();
    in_ns.expect_back();
    EXPECT_LT(in_ms.encoded().size(), 10'000 * 10 / 8 + 300U);  // 1,000 values are ten bits
    EXPECT_LT(in_ns.encoded().size(), 10'000 * 30 / 8 + 600U);
}

TEST(TimesColumn, MalformedBytesAreRefused) {
    TimedRows r;
    for (std::int64_t i = 0; i < 500; ++i) {
        r.add(static_cast<std::uint32_t>(i / 100), kStart + i * i * 977);
    }
    const auto raw = codec::decompress(r.encoded());
    const std::string_view bytes = raw->view();
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        EXPECT_FALSE(decode_times(bytes.substr(0, n), r.streams).ok()) << n;
    }
    EXPECT_FALSE(decode_times(std::string(bytes) + "x", r.streams).ok());
    EXPECT_FALSE(decode_times(bytes, {}).ok());
}

}  // namespace
}  // namespace logi::block
