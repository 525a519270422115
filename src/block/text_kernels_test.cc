#include "block/text_kernels.h"

#include "base/cpu.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::block {
namespace {

// Texts of up to `size_max` bytes out of `alphabet`, in a buffer with padding behind it.
struct Texts {
    std::string buffer;
    std::vector<Slot> slots;

    Texts(std::mt19937& random, std::string_view alphabet, std::uint32_t size_max) {
        for (int i = 0; i < 37; ++i) {
            const auto size = static_cast<std::uint32_t>(1 + random() % size_max);
            slots.push_back({static_cast<std::uint32_t>(buffer.size()), size});
            for (std::uint32_t c = 0; c < size; ++c) {
                buffer.push_back(alphabet[random() % alphabet.size()]);
            }
            buffer.push_back('!');
        }
        buffer.append(64, '\n');
    }
    [[nodiscard]] std::string_view view(const Slot& s) const {
        return std::string_view(buffer).substr(s.begin, s.size);
    }
};

// What the kernels say is what a look at byte after byte says, with AVX2 and without.
TEST(TextKernels, AgreeWithBytes) {
    std::mt19937 random(1);
    const std::string any_byte = [] {
        std::string bytes;
        for (int c = 0; c < 256; ++c) {
            bytes.push_back(static_cast<char>(c));
        }
        return bytes;
    }();
    const std::vector<std::string> alphabets = {"7", "0123456789", "0123456789abcdef", any_byte};
    for (int round = 0; round < 400; ++round) {
        const std::string& alphabet = alphabets[random() % alphabets.size()];
        const Texts t(random, alphabet, round % 2 == 0 ? kHeadBytes : 40);
        std::optional<base::WithoutAvx2> without;
        if (round % 4 >= 2) {
            without.emplace();
        }
        ClassMask classes = 0;
        std::uint32_t least = 100;
        std::uint32_t greatest = 0;
        bool equal = true;
        for (const Slot& s : t.slots) {
            classes |= classes_of(t.view(s));
            least = std::min(least, s.size);
            greatest = std::max(greatest, s.size);
            equal = equal && t.view(s) == t.view(t.slots[0]);
        }
        std::vector<std::uint64_t> heads;
        const TextScan found = scan(t.buffer.data(), t.slots, heads);
        EXPECT_EQ(found.min_size, least);
        EXPECT_EQ(found.max_size, greatest);
        EXPECT_EQ(found.equal, equal);
        EXPECT_EQ(classes_of(t.buffer.data(), t.slots), classes);
        EXPECT_EQ(all_digits(t.buffer.data(), t.slots), classes == kDigitClass);
        if (greatest <= kHeadBytes) {
            EXPECT_EQ(classes_of(heads), classes);
            EXPECT_EQ(found.digit_heads, classes == kDigitClass);
            const TextScan again = scan_heads(t.slots, heads);
            EXPECT_EQ(again.min_size, least);
            EXPECT_EQ(again.max_size, greatest);
            EXPECT_EQ(again.equal, equal);
            EXPECT_EQ(again.digit_heads, found.digit_heads);
        }
        if (greatest <= kHeadBytes && classes == kDigitClass) {
            std::vector<std::uint64_t> expected;
            bool zeros = false;
            for (const Slot& s : t.slots) {
                expected.push_back(std::stoull(std::string(t.view(s))));
                zeros = zeros || (s.size > 1 && t.view(s)[0] == '0');
            }
            std::vector<std::uint64_t> numbers;
            EXPECT_EQ(numbers_of_heads(t.slots, heads, numbers), zeros);
            EXPECT_EQ(numbers, expected);
        }
        for (std::size_t i = 0; i < heads.size(); ++i) {
            EXPECT_EQ(heads[i], head_of(t.buffer.data(), t.slots[i]));
        }
    }
}

TEST(TextKernels, EqualTextsAreFoundToBe) {
    for (const std::string text : {"a", "12345678", "a text of more than eight bytes"}) {
        const std::string buffer = text + "," + text + std::string(64, '\n');
        const auto size = static_cast<std::uint32_t>(text.size());
        std::vector<std::uint64_t> heads;
        EXPECT_TRUE(scan(buffer.data(), {{0, size}, {size + 1, size}}, heads).equal);
        EXPECT_EQ(heads[0], heads[1]);
    }
}

TEST(TextKernels, APrefixEndsWhereDigitsBegin) {
    const auto prefix_of = [](const std::vector<std::string>& texts) {
        std::string buffer;
        std::vector<Slot> slots;
        for (const std::string& text : texts) {
            slots.push_back({static_cast<std::uint32_t>(buffer.size()),
                             static_cast<std::uint32_t>(text.size())});
            buffer += text + ",";
        }
        return prefix_of_digits((buffer + std::string(64, '\n')).data(), slots);
    };
    EXPECT_EQ(prefix_of({"u-12", "u-13", "u-1"}), 2U);
    EXPECT_EQ(prefix_of({"10.0.0.17", "10.0.0.170"}), 7U);
    EXPECT_EQ(prefix_of({"10.0.0.17", "10.0.1.17"}), 5U);
    EXPECT_EQ(prefix_of({"item:7", "item:7 of 9"}), 5U);  // what stands behind is not its business
    EXPECT_EQ(prefix_of({"item:7", "item:"}), 4U);
    EXPECT_EQ(prefix_of({"item:7", "i"}), 0U);
    EXPECT_EQ(prefix_of({"12", "13"}), 0U);
    EXPECT_EQ(prefix_of({"a1", "b1"}), 0U);
    EXPECT_EQ(prefix_of({"ms", "ms1"}), 0U);  // the first one has no digits
}

}  // namespace
}  // namespace logi::block
