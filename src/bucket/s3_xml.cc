#include "bucket/s3_xml.h"

#include "absl/strings/str_cat.h"

#include <pugixml.hpp>

#include <sstream>

namespace logi::bucket {
namespace {

Status not_xml(const char* what) {
    return absl::UnavailableError(absl::StrCat("the bucket's server gave no ", what));
}

}  // namespace

S3Error parse_s3_error(std::string_view xml) {
    pugi::xml_document document;
    document.load_buffer(xml.data(), xml.size());
    const pugi::xml_node error = document.child("Error");
    return {error.child_value("Code"), error.child_value("Message")};
}

StatusOr<S3Page> parse_s3_page(std::string_view xml) {
    pugi::xml_document document;
    const bool parsed = document.load_buffer(xml.data(), xml.size());
    const pugi::xml_node result = document.child("ListBucketResult");
    if (!parsed || !result) {
        return not_xml("listing");
    }
    S3Page page;
    for (const pugi::xml_node object : result.children("Contents")) {
        page.objects.push_back(
            {object.child_value("Key"), object.child("Size").text().as_ullong()});
    }
    for (const pugi::xml_node folder : result.children("CommonPrefixes")) {
        page.folders.emplace_back(folder.child_value("Prefix"));
    }
    if (result.child("IsTruncated").text().as_bool()) {
        page.next = result.child_value("NextContinuationToken");
        if (page.next.empty()) {
            return not_xml("token of a listing's next page");
        }
    }
    return page;
}

StatusOr<std::string> parse_s3_upload(std::string_view xml) {
    pugi::xml_document document;
    document.load_buffer(xml.data(), xml.size());
    std::string id = document.child("InitiateMultipartUploadResult").child_value("UploadId");
    if (id.empty()) {
        return not_xml("id of an upload");
    }
    return id;
}

std::string s3_parts_xml(const std::vector<std::string>& tags) {
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("CompleteMultipartUpload");
    for (std::size_t i = 0; i < tags.size(); ++i) {
        pugi::xml_node part = root.append_child("Part");
        part.append_child("PartNumber").text().set(static_cast<unsigned>(i + 1));
        part.append_child("ETag").text().set(tags[i].c_str());
    }
    std::ostringstream out;
    document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
    return out.str();
}

}  // namespace logi::bucket
