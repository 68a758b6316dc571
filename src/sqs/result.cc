// SPDX-License-Identifier: Apache-2.0
#include "sqs/result.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"

namespace selvage::sqs {
namespace {

constexpr std::string_view kXmlHead = R"(<?xml version="1.0"?>)";
constexpr std::string_view kNamespace = R"(xmlns="http://queue.amazonaws.com/doc/2012-11-05/")";

// What stands before and after the members in XML.
std::string xml_begin(std::string_view action) {
  return fmt::format("{}<{}Response {}>", kXmlHead, action, kNamespace);
}
std::string xml_end(std::string_view action, std::string_view request_id) {
  return fmt::format("<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{}Response>",
                     request_id, action);
}

std::string old_json(std::string_view action, const std::string& result,
                     std::string_view request_id) {
  SortedJson out;
  const std::string response_name = fmt::format("{}Response", action);
  const std::string result_name = fmt::format("{}Result", action);
  out.begin_object();
  out.key(response_name);
  out.begin_object();
  out.key("ResponseMetadata");
  out.begin_object();
  out.key("RequestId");
  out.text(request_id);
  out.end();
  if (!result.empty()) {
    out.key(result_name);
    out.value(result);
  }
  out.end();
  out.end();
  return out.take();
}

std::string json_error(const ApiError& error) {
  std::string body;
  wire::JsonWriter out(body);
  out.begin_object().field("__type", fmt::format("{}#{}", error.kind.space(), error.kind.type));
  if (!error.message.empty()) out.field("message", error.message);
  out.end_object();
  return body;
}

std::string xml_error(const ApiError& error, std::string_view request_id) {
  std::string body = fmt::format("{}<ErrorResponse {}>", kXmlHead, kNamespace);
  wire::XmlWriter(body)
      .begin("Error")
      .element("Type", error.kind.fault())
      .element("Code", error.kind.query)
      .element("Message", error.query_message())
      .empty("Detail")
      .end("Error")
      .element("RequestId", request_id)
      .end("ErrorResponse");
  return body;
}

std::string old_json_error(const ApiError& error, std::string_view request_id) {
  std::string body;
  wire::JsonWriter(body)
      .begin_object()
      .key("Error")
      .begin_object()
      .field("Code", error.kind.query)
      .field("Message", error.query_message())
      .field("Type", error.kind.fault())
      .end_object()
      .field("RequestId", request_id)
      .end_object();
  return body;
}

}  // namespace

Result::Result(std::string& body, Dialect dialect, std::string_view action)
    : dialect_(dialect), action_(action), body_(body) {
  switch (dialect_) {
    case Dialect::kJson:
      json_.begin_object();
      return;
    case Dialect::kXml:
      body_ += xml_begin(action_);
      body_.append("<").append(action_).append("Result>");
      head_ = body_.size();
      return;
    case Dialect::kOldJson:
      old_.begin_object();
      return;
  }
}

void Result::finish(std::string_view request_id) {
  SELVAGE_CHECK(depth_ == 0);
  switch (dialect_) {
    case Dialect::kJson:
      json_.end_object();
      return;
    case Dialect::kXml:
      if (body_.size() == head_) {
        body_.insert(head_ - 1, "/");  // <ReceiveMessageResult/>
      } else {
        body_.append("</").append(action_).append("Result>");
      }
      body_ += xml_end(action_, request_id);
      return;
    case Dialect::kOldJson:
      old_.end();
      body_ += old_json(action_, old_.take(), request_id);
      return;
  }
}

void Result::expect(size_t bytes) {
  if (dialect_ != Dialect::kOldJson) body_.reserve(body_.size() + bytes);
}

// ---- members

Result& Result::text(std::string_view name, std::string_view value) {
  switch (dialect_) {
    case Dialect::kJson:
      json_.field(name, value);
      break;
    case Dialect::kXml:
      xml_.element(name, value);
      break;
    case Dialect::kOldJson:
      old_.key(name);
      old_.text(value);
      break;
  }
  return *this;
}

Result& Result::text_if_any(std::string_view name, std::string_view value) {
  if (!value.empty()) return text(name, value);
  absent(name);
  return *this;
}

Result& Result::number(std::string_view name, int64_t value) {
  if (dialect_ == Dialect::kXml) return text(name, fmt::format_int(value).c_str());
  if (dialect_ == Dialect::kJson) {
    json_.field(name, value);
  } else {
    old_.key(name);
    old_.value(fmt::format_int(value).str());
  }
  return *this;
}

Result& Result::boolean(std::string_view name, bool value) {
  const std::string_view word = value ? "true" : "false";
  if (dialect_ == Dialect::kXml) return text(name, word);
  if (dialect_ == Dialect::kJson) {
    json_.key(name).raw(word);
  } else {
    old_.key(name);
    old_.value(std::string(word));
  }
  return *this;
}

Result& Result::bytes(std::string_view name, std::string_view raw) {
  return text(name, to_base64(raw));
}

void Result::absent(std::string_view name) {
  if (dialect_ != Dialect::kOldJson) return;
  old_.key(name);
  old_.value("null");
}

// ---- lists and maps

void Result::open(std::string_view element, std::string_view key) {
  SELVAGE_CHECK(depth_ < open_.size());
  open_[depth_++] = {element, key};
}

void Result::begin_list(const ListName& name) {
  open(name.xml, {});
  if (dialect_ == Dialect::kJson) json_.key(name.json).begin_array();
  if (dialect_ != Dialect::kOldJson) return;
  old_.key(name.old_json);
  old_.begin_array();
}

void Result::begin_item() {
  switch (dialect_) {
    case Dialect::kJson:
      json_.begin_object();
      return;
    case Dialect::kXml:
      xml_.begin(open_[depth_ - 1].element);
      return;
    case Dialect::kOldJson:
      old_.begin_object();
      return;
  }
}

void Result::item(std::string_view value) {
  switch (dialect_) {
    case Dialect::kJson:
      json_.string(value);
      return;
    case Dialect::kXml:
      xml_.element(open_[depth_ - 1].element, value);
      return;
    case Dialect::kOldJson:
      old_.text(value);
      return;
  }
}

void Result::end_item() {
  switch (dialect_) {
    case Dialect::kJson:
      json_.end_object();
      return;
    case Dialect::kXml:
      xml_.end(open_[depth_ - 1].element);
      return;
    case Dialect::kOldJson:
      old_.end();
      return;
  }
}

void Result::end_list() {
  --depth_;
  if (dialect_ == Dialect::kJson) json_.end_array();
  if (dialect_ == Dialect::kOldJson) old_.end();
}

void Result::begin_map(const MapName& name) {
  if (dialect_ != Dialect::kJson) begin_list({name.json, name.xml, name.json});
  if (dialect_ == Dialect::kJson) {
    open(name.xml, name.key);
    json_.key(name.json).begin_object();
  }
  open_[depth_ - 1].key = name.key;
}

void Result::entry(std::string_view key, std::string_view value) {
  if (dialect_ == Dialect::kJson) {
    json_.field(key, value);
    return;
  }
  begin_item();
  text(open_[depth_ - 1].key, key).text("Value", value);
  end_item();
}

void Result::begin_entry(std::string_view key) {
  if (dialect_ == Dialect::kJson) {
    json_.key(key).begin_object();
    return;
  }
  begin_item();
  text(open_[depth_ - 1].key, key);
  if (dialect_ == Dialect::kXml) {
    xml_.begin("Value");
  } else {
    old_.key("Value");
    old_.begin_object();
  }
}

void Result::end_entry() {
  if (dialect_ == Dialect::kXml) xml_.end("Value");
  if (dialect_ == Dialect::kOldJson) old_.end();
  end_item();
}

void Result::end_map() {
  if (dialect_ != Dialect::kJson) return end_list();
  --depth_;
  json_.end_object();
}

// ---- without members

std::string empty_result(Dialect dialect, std::string_view action, std::string_view request_id) {
  switch (dialect) {
    case Dialect::kJson:
      return {};
    case Dialect::kXml:
      return xml_begin(action) + xml_end(action, request_id);
    case Dialect::kOldJson:
      return old_json(action, "", request_id);
  }
  return {};
}

std::string error_body(Dialect dialect, const ApiError& error, std::string_view request_id) {
  switch (dialect) {
    case Dialect::kJson:
      return json_error(error);
    case Dialect::kXml:
      return xml_error(error, request_id);
    case Dialect::kOldJson:
      return old_json_error(error, request_id);
  }
  return {};
}

std::string_view content_type(Dialect dialect) {
  switch (dialect) {
    case Dialect::kJson:
      return "application/x-amz-json-1.0";
    case Dialect::kXml:
      return "text/xml";
    case Dialect::kOldJson:
      return "application/json";
  }
  return {};
}

}  // namespace selvage::sqs
