#include "block/line_encoder.h"

#include "base/ascii.h"
#include "base/cpu.h"
#include "block/line_reader.h"
#include "codec/integers.h"
#include "regex/literal.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::block {
namespace {

struct Lines {
    std::vector<std::string> texts;
    std::vector<Timestamp> times;

    void add(std::string text) {
        times.push_back(
            {1'717'395'977'437'934'123 + static_cast<std::int64_t>(texts.size()) * 1'234'567});
        texts.push_back(std::move(text));
    }
    [[nodiscard]] std::vector<Row> rows() const {
        std::vector<Row> rows;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            rows.push_back({.time = times[i], .sequence = {}, .line = texts[i]});
        }
        return rows;
    }
    [[nodiscard]] std::uint64_t bytes() const {
        std::uint64_t n = 0;
        for (const auto& text : texts) {
            n += text.size();
        }
        return n;
    }
};

std::unique_ptr<LineReader> open(const EncodedColumns& encoded, const Lines& lines) {
    auto reader = LineReader::open(
        base::Buffer::copy_of(encoded.whole_tree()),
        [data = encoded.data](std::uint64_t offset, std::uint64_t length) -> StatusOr<std::string> {
            return data.substr(offset, length);
        },
        [&lines]() -> StatusOr<absl::Span<const Timestamp>> {
            return absl::MakeConstSpan(lines.times);
        },
        static_cast<std::uint32_t>(lines.texts.size()),
        lines.bytes());
    EXPECT_TRUE(reader.ok()) << reader.status();
    return *std::move(reader);
}

// Two that see the same lines, one of them without AVX2.
class Encoders {
  public:
    // Both must give the same bytes.
    std::optional<EncodedColumns> encode(const Lines& lines) {
        auto encoded = any_.encode(lines.rows());
        const base::WithoutAvx2 without;
        const auto portable = portable_.encode(lines.rows());
        EXPECT_EQ(encoded.has_value(), portable.has_value());
        if (encoded && portable) {
            EXPECT_EQ(encoded->data, portable->data);
            EXPECT_EQ(encoded->tree, portable->tree);
            EXPECT_EQ(encoded->letters, portable->letters);
        }
        return encoded;
    }

  private:
    LineEncoder any_;
    LineEncoder portable_;
};

// Every line comes back, and every needle is found where it is, with AVX2 and without.
void check(Encoders& encoders, const Lines& lines, std::uint64_t seed, int& encoded_sets) {
    const auto encoded = encoders.encode(lines);
    if (!encoded) {
        return;
    }
    ++encoded_sets;
    const auto all = open(*encoded, lines);
    const auto texts = all->all();
    ASSERT_TRUE(texts.ok()) << texts.status();
    for (std::size_t i = 0; i < lines.texts.size(); ++i) {
        ASSERT_EQ((*texts)[i], lines.texts[i]) << "row " << i << " seed " << seed;
    }
    const auto single = open(*encoded, lines);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20; ++i) {
        const auto row = static_cast<std::uint32_t>(random() % lines.texts.size());
        std::vector<std::string_view> parts;
        std::string appended;
        ASSERT_TRUE(single->append(row, appended).ok());
        ASSERT_TRUE(single->parts_of(row, parts).ok());
        std::string line;
        for (const std::string_view part : parts) {
            line += part;
        }
        EXPECT_EQ(line, lines.texts[row]);
        EXPECT_EQ(appended, lines.texts[row]);
    }
    for (int i = 0; i < 120; ++i) {
        std::optional<base::WithoutAvx2> without;
        if (i % 4 == 0) {
            without.emplace();
        }
        const std::string& line = lines.texts[random() % lines.texts.size()];
        if (line.empty()) {
            continue;
        }
        const std::size_t at = random() % line.size();
        std::string text =
            line.substr(at, 1 + random() % std::min<std::size_t>(24, line.size() - at));
        if (random() % 4 == 0) {
            text[random() % text.size()] = static_cast<char>('0' + random() % 10);
        }
        Needle needle{text, random() % 4 == 0, random() % 4 == 0};
        if (needle.at_begin && random() % 2 == 0) {
            needle.text = std::string_view(line).substr(0, text.size());
        }
        if (random() % 3 == 0) {
            // Digits alone, which numbers are looked through for without being written.
            text.resize(1 + random() % 5);
            for (char& c : text) {
                c = "0123456789"[random() % (random() % 2 == 0 ? 3 : 10)];
            }
            needle = {text, random() % 8 == 0, random() % 8 == 0};
        }
        if (random() % 3 == 0) {
            needle.any_case = true;
            text = std::string(needle.text);
            std::transform(text.begin(), text.end(), text.begin(), base::to_lower_ascii);
            needle.text = text;
        }
        const auto reader = open(*encoded, lines);
        const auto found = reader->match(needle);
        ASSERT_TRUE(found.ok()) << found.status();
        for (std::size_t row = 0; row < lines.texts.size(); ++row) {
            ASSERT_EQ(found->has(row), needle.in(lines.texts[row]))
                << "needle '" << needle.text << "' any case " << needle.any_case << " begin "
                << needle.at_begin << " end " << needle.at_end << " line " << lines.texts[row]
                << " seed " << seed;
        }
    }
}

TEST(LineEncoder, LinesOfServices) {
    std::mt19937_64 random(7);
    const auto hex = [&](std::size_t n) {
        std::string s;
        while (n-- > 0) {
            s.push_back("0123456789abcdef"[random() % 16]);
        }
        return s;
    };
    const auto number = [&](std::uint64_t n) {
        return std::to_string(random() % n);
    };
    // Requests are told about by several kinds of lines.
    std::vector<std::string> ids;
    const auto request = [&] {
        if (ids.empty() || random() % 3 > 0) {
            ids.push_back(hex(32));
        }
        return ids[ids.size() - 1 - random() % std::min<std::size_t>(ids.size(), 20)];
    };
    const std::vector<std::string> levels = {"info", "warn", "error", "debug"};
    const std::vector<std::string> paths = {
        "/api/v1/login", "/api/v1/cart/u-", "/api/v1/orders/ord-70", "/health"};
    Encoders encoders;
    int encoded = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        Lines lines;
        for (int i = 0; i < 3000; ++i) {
            const std::string level = levels[random() % levels.size()];
            const std::string path =
                paths[random() % paths.size()] + (random() % 2 == 0 ? number(100'000) : "");
            switch (random() % 7) {
                case 0:
                    lines.add(R"({"level":")" + level + R"(","ts":1717395977.)" +
                              std::to_string(400'000 + i) +
                              R"(,"msg":"request completed","trace_id":")" + request() +
                              R"(","path":")" + path + R"(","status":)" +
                              (random() % 9 == 0 ? "503" : "200") + R"(,"ok":true,"took":)" +
                              number(99) + "." + std::to_string(random() % 900 + 100) + "}");
                    break;
                case 1:
                    lines.add("ts=2024-06-03T06:26:17.437" +
                              std::to_string(1000 + random() % 9000) +
                              "Z caller=stock.go:" + number(300) + " level=" + level +
                              " msg=\"query finished\" traceID=" + request() +
                              " rows=" + number(20) + " took=" + number(50) + ".954ms");
                    break;
                case 2:
                    lines.add(number(256) + "." + number(256) + ".10." + number(256) + " - u-" +
                              number(50'000) + " [03/Jun/2024:06:26:1" + number(10) +
                              " +0000] \"GET " + path + " HTTP/2.0\" 200 " + number(9999) +
                              " \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" rt=0.03" + number(10));
                    break;
                case 3:
                    lines.add("Jun  3 06:26:4" + number(10) + " web-00 sshd[" + number(65'536) +
                              "]: Failed password for invalid user " +
                              (random() % 2 == 0 ? "root" : "admin") + " from 75.218." +
                              number(256) + "." + number(256) + " port " + number(65'536) +
                              " ssh2");
                    break;
                case 4:
                    lines.add(R"({"time":1717395977)" + std::to_string(100 + random() % 900) +
                              R"(,"msg":"user )" + number(500) + R"( said \")" + hex(4) +
                              R"(\" to )" + hex(8) + R"( at 0)" + number(10) + R"(","n":-)" +
                              number(30) + "}");
                    break;
                case 5:
                    lines.add("id " + hex(16) + " " + std::string(random() % 3, 'x') + "\"" +
                              hex(5));
                    break;
                default:
                    lines.add(random() % 3 == 0
                                  ? ""
                                  : "no " + hex(3) + "\n\tat java.lang.Thread.run(Thread.java:" +
                                        number(900) + ")");
                    break;
            }
        }
        check(encoders, lines, seed, encoded);
    }
    EXPECT_EQ(encoded, 6);
}

TEST(LineEncoder, TextsThatAreMadeToHurt) {
    static constexpr char kAlphabet[] = "0019af AFzZ.\"\\=:-_@,{}[]\n\0\xC3\xFF";
    const std::string alphabet(kAlphabet, sizeof(kAlphabet) - 1);
    Encoders encoders;
    int encoded = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        std::mt19937_64 random(seed);
        // Few short words, so that lines look alike.
        std::vector<std::string> words;
        for (std::uint64_t n = 1 + random() % 12; n > 0; --n) {
            std::string word;
            for (std::uint64_t k = random() % 8; k > 0; --k) {
                word.push_back(alphabet[random() % alphabet.size()]);
            }
            words.push_back(word);
        }
        // A line follows one of few formats: words, and numbers or words that change.
        std::vector<std::vector<std::string>> formats(1 + random() % 4);
        for (auto& format : formats) {
            for (std::uint64_t k = 1 + random() % 6; k > 0; --k) {
                format.push_back(words[random() % words.size()]);
            }
        }
        Lines lines;
        for (std::uint64_t n = 1 + random() % 300; n > 0; --n) {
            std::string line;
            const auto& format = formats[random() % formats.size()];
            for (std::size_t k = 0; k < format.size(); ++k) {
                line += format[k];
                line += k % 3 == 0 ? std::to_string(random() % 1000) : k % 3 == 1 ? " " : "";
                line += random() % 50 == 0 ? words[random() % words.size()] : "";
            }
            lines.add(line);
        }
        check(encoders, lines, seed, encoded);
        if (HasFatalFailure()) {
            return;
        }
    }
    EXPECT_GT(encoded, 100);
}

// Texts that part from a template behind its last slot: that there is no other way to follow it
// must not be found out for each combination of the slots before.
TEST(LineEncoder, ATextThatFollowsATemplateToItsEndCostsLittle) {
    Lines lines;
    for (int i = 0; i < 3000; ++i) {
        std::string text;
        for (int slot = 0; slot < 40; ++slot) {
            text += " pg[" + std::to_string(slot * 7 + i);
        }
        lines.add(text + (i % 3 == 0 ? "] ends" : i % 3 == 1 ? "] is left open" : "?"));
    }
    Encoders encoders;
    int encoded = 0;
    check(encoders, lines, 1, encoded);
    EXPECT_EQ(encoded, 1);
}

// Words that no rule takes for values.
std::string some_words(std::mt19937_64& random, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += i == 0 ? "" : " ";
        for (std::uint64_t n = 3 + random() % 6; n > 0; --n) {
            text.push_back("ghijklmnopqrstuvwxyz"[random() % 20]);
        }
    }
    return text;
}

// Each line is a template, and zstd sees all of them at once.
TEST(LineEncoder, TextThatRepeatsItselfFarAwayStaysText) {
    std::mt19937_64 random(5);
    std::vector<std::string> page;
    for (int i = 0; i < 1000; ++i) {
        page.push_back(some_words(random, 10));
    }
    Lines lines;
    for (int i = 0; i < 20'000; ++i) {
        lines.add(page[static_cast<std::size_t>(i) % page.size()]);
    }
    EXPECT_FALSE(LineEncoder().encode(lines.rows()));
    // In another order each time, templates are better.
    std::shuffle(lines.texts.begin(), lines.texts.end(), random);
    EXPECT_TRUE(LineEncoder().encode(lines.rows()));
}

// Rows that were given up early leave nothing behind, not even those that waited for more like
// them.
TEST(LineEncoder, TextWithoutKindsIsForgotten) {
    std::mt19937_64 random(6);
    Encoders encoders;
    int encoded_sets = 0;
    for (unsigned round = 0; round < 3; ++round) {
        Lines noise;
        for (int i = 0; i < 5000; ++i) {
            noise.add(i % 100 == 0 ? "kind " + std::to_string(random()) : some_words(random, 8));
        }
        EXPECT_FALSE(encoders.encode(noise));
        Lines lines;
        for (int i = 0; i < 1000; ++i) {
            lines.add("kind " + std::to_string(random() % 100'000));
        }
        check(encoders, lines, round, encoded_sets);
    }
    EXPECT_EQ(encoded_sets, 3);
}

TEST(Integers, AllFormsComeBack) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 2000; ++round) {
        const std::size_t n = 1 + random() % 300;
        const auto bits = random() % 65;
        const std::uint64_t mask = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
        const std::uint64_t base = random();
        const bool sorted = random() % 3 == 0;
        std::vector<std::uint64_t> values;
        std::uint64_t sum = base;
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint64_t v = random() % 5 == 0 ? 0 : random() & mask;
            sum += v;
            values.push_back(sorted ? sum : base + v);
        }
        const auto encoded = codec::encode_integers(values);
        std::vector<std::uint64_t> back;
        ASSERT_TRUE(codec::decode_integers(encoded.bytes, n, back).ok());
        ASSERT_EQ(back, values);
        EXPECT_FALSE(
            n > 1 &&
            codec::decode_integers(
                std::string_view(encoded.bytes).substr(0, encoded.bytes.size() - 1), n, back)
                .ok());
    }
}

}  // namespace
}  // namespace logi::block
