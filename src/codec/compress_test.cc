#include "codec/compress.h"

#include <gtest/gtest.h>

namespace logi::codec {
namespace {

TEST(Compress, ComesBackAndRefusesDamage) {
    for (const std::string& raw :
         {std::string(), std::string("x"), std::string(100'000, 'a'), std::string("abc\0def", 7)}) {
        const std::string bytes = compress(raw);
        EXPECT_EQ(decompress(bytes)->view(), raw);
        EXPECT_LE(bytes.size(), raw.size() + 6);
        EXPECT_FALSE(decompress(std::string_view(bytes).substr(0, bytes.size() - 1)).ok() &&
                     !raw.empty());
    }
    EXPECT_FALSE(decompress("").ok());
    EXPECT_FALSE(decompress("\x07\x01x").ok());
    // Says that it is 2^60 bytes long.
    EXPECT_FALSE(decompress("\x01\x80\x80\x80\x80\x80\x80\x80\x80\x10x").ok());
}

}  // namespace
}  // namespace logi::codec
