#include "bucket/s3_address.h"

#include "bucket/s3_xml.h"

#include <gtest/gtest.h>

namespace logi::bucket {
namespace {

std::string url(const std::string& address, const std::string& key) {
    const auto parsed = parse_s3_address(address);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return parsed->url_of(key);
}

TEST(S3Address, NamesTheServerOfABucket) {
    EXPECT_EQ(url("s3://logs/a", "k"), "https://logs.s3.us-east-1.amazonaws.com/k");
    EXPECT_EQ(url("s3://logs?region=eu-west-1", "k"), "https://logs.s3.eu-west-1.amazonaws.com/k");
    EXPECT_EQ(url("s3://logs.of.mine", "k"), "https://s3.us-east-1.amazonaws.com/logs.of.mine/k");
    EXPECT_EQ(url("s3://logs?endpoint=http://127.0.0.1:9000/", "k"),
              "http://127.0.0.1:9000/logs/k");
    EXPECT_EQ(url("s3://logs?endpoint=minio:9000", ""), "https://minio:9000/logs");
    EXPECT_EQ(url("s3://logs?endpoint=https://o.example&path_style=false", "k"),
              "https://logs.o.example/k");
    EXPECT_EQ(url("s3://logs", "a=b/%41 ~"),
              "https://logs.s3.us-east-1.amazonaws.com/a%3Db/%2541%20~");
}

TEST(S3Address, KeepsAPrefixWithoutSlashesAtItsEnds) {
    EXPECT_EQ(parse_s3_address("s3://logs//a/b//")->prefix, "a/b");
    EXPECT_EQ(parse_s3_address("s3://logs/")->prefix, "");
    EXPECT_EQ(parse_s3_address("s3://logs/a?region=x")->to_string(), "s3://logs/a");
}

TEST(S3Address, SaysWhatIsWrong) {
    for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
             {"gs://logs", "is not s3://"},
             {"s3:///a", "names no bucket"},
             {"s3://lo gs", "names no bucket"},
             {"s3://logs?endpoint=ftp://x", "endpoint ftp://x"},
             {"s3://logs?endpoint=http://x/y", "endpoint http://x/y"},
             {"s3://logs?path_style=maybe", "path_style=maybe"},
             {"s3://logs?reigon=x", "reigon=x"}}) {
        const auto parsed = parse_s3_address(text);
        ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
        EXPECT_NE(message_of(parsed.status()).find(part), std::string_view::npos)
            << parsed.status();
    }
}

TEST(S3Xml, ReadsListingsAndErrors) {
    const auto page = parse_s3_page(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>true</IsTruncated>"
        "<Contents><Key>a&amp;b</Key><Size>5000000000</Size></Contents>"
        "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
        "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>");
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->objects.at(0).key, "a&b");
    EXPECT_EQ(page->objects.at(0).size, 5'000'000'000U);
    EXPECT_EQ(page->folders, std::vector<std::string>{"p/"});
    EXPECT_EQ(page->next, "t");
    // Not the end of a listing: something else.
    EXPECT_FALSE(parse_s3_page("").ok());
    EXPECT_FALSE(parse_s3_page("<html>").ok());
    EXPECT_FALSE(
        parse_s3_page("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>").ok());
    EXPECT_FALSE(parse_s3_page("<ListBucketResult><Contents><Key>a</Key>").ok());
    EXPECT_EQ(parse_s3_error("<Error><Code>SlowDown</Code></Error>").code, "SlowDown");
    EXPECT_EQ(parse_s3_error("no").code, "");
    EXPECT_EQ(s3_parts_xml({"\"e\""}),
              "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag></Part>"
              "</CompleteMultipartUpload>");
}

}  // namespace
}  // namespace logi::bucket
