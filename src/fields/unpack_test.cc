#include "fields/test_sink.h"
#include "fields/unpack_parser.h"

namespace logi::fields {
namespace {

// The fields, the error and the new line: a=b -> line.
std::string unpacked(std::string_view line) {
    TestSink sink;
    Scratch scratch;
    std::string buffer;
    std::string_view result = line;
    const ParseError error = UnpackParser().parse(result, buffer, sink, scratch);
    std::string out = sink.text();
    if (!error.ok()) {
        out.append(error.kind).append(": ").append(error.details);
    }
    return out.append(result == line ? "" : " -> ").append(result == line ? "" : result);
}

TEST(UnpackParser, Unpacks) {
    EXPECT_EQ(unpacked(R"({"k":"v","_entry":"orig"})"), "k=v -> orig");
    EXPECT_EQ(unpacked(R"({"esc":"a\nb \"q\"","_entry":"line\nbreak \u00e9"})"),
              "esc=a\nb \"q\" -> line\nbreak \xc3\xa9");
    EXPECT_EQ(unpacked(R"({"num":5,"obj":{"x":"y"},"flag":true,"_entry":"non strings"})"),
              " -> non strings");
    EXPECT_EQ(unpacked("{\"x y\":\"space\",\"\xc3\xa9\":\"acc\",\"_entry\":\"odd names\"}"),
              "_=acc|x_y=space -> odd names");
    EXPECT_EQ(unpacked(R"({"_entry":"first","_entry":"second"})"), " -> second");
    EXPECT_EQ(unpacked(R"({"_entry":""})"), " -> ");
    // Of a name that is added twice the sink keeps the first.
    EXPECT_EQ(unpacked(R"({"dup":"1","dup":"2","_entry":"dup"})"), "dup=2|dup=1 -> dup");
}

TEST(UnpackParser, LeavesOthersAsTheyAre) {
    EXPECT_EQ(unpacked(""), "");
    EXPECT_EQ(unpacked("{}"), "");
    EXPECT_EQ(unpacked(R"({"k":"v"})"), "");
    EXPECT_EQ(unpacked(R"({"_entry":5,"x":"y"})"), "");
    const std::string no_object = "JSONParserErr: expecting json object(6), but it is not";
    EXPECT_EQ(unpacked("not json"), no_object);
    EXPECT_EQ(unpacked("[\"array\"]"), no_object);
    EXPECT_EQ(unpacked(" {\"_entry\":\"blank\"}"), no_object);
    EXPECT_EQ(unpacked(R"({"x":"y","_entry":"cut)"),
              "JSONParserErr: Value is string, but can't find closing '\"' symbol");
    EXPECT_EQ(unpacked(R"({"x":"y","_entry":"\x"})"),
              "JSONParserErr: Encountered an invalid escape sequence in a string");
}

TEST(UnpackParser, TwiceInTheSameBuffer) {
    TestSink sink;
    Scratch scratch;
    std::string buffer;
    std::string_view line = R"({"a":"1","_entry":"{\"b\":\"2\",\"_entry\":\"in\\nner\"}"})";
    EXPECT_TRUE(UnpackParser().parse(line, buffer, sink, scratch).ok());
    EXPECT_TRUE(UnpackParser().parse(line, buffer, sink, scratch).ok());
    EXPECT_EQ(line, "in\nner");
    EXPECT_EQ(sink.text(), "a=1|b=2");
}

}  // namespace
}  // namespace logi::fields
