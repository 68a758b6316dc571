// SPDX-License-Identifier: Apache-2.0
#include "sqs/batch.h"

#include <gtest/gtest.h>

#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

TEST(BatchIds, OneToTenDistinctOnesOfTheseCharacters) {
  const BatchIds ten = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  BatchIds eleven = ten;
  eleven.emplace_back("10");
  struct Row {
    BatchIds ids;
    std::string_view error, sentence;
  };
  constexpr auto kBadId =
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can "
      "be at most 80 letters long.";
  for (const auto& [ids, error, sentence] : {
           Row{{"a"}, "", ""},
           Row{ten, "", ""},
           Row{{std::string(80, 'i'), "A-z_0"}, "", ""},
           Row{{"a", "A"}, "", ""},
           Row{{},
               "EmptyBatchRequest",
               "There should be at least one SendMessageBatchRequestEntry in the request."},
           Row{eleven, "TooManyEntriesInBatchRequest",
               "Maximum number of entries per request are 10. You have sent 11."},
           Row{{"a", ""}, "InvalidBatchEntryId", kBadId},
           Row{{"a", std::nullopt},
               "MissingRequiredParameterException",
               "The request must contain the parameter SendMessageBatchRequestEntry.2.Id."},
           Row{{std::string(81, 'i')}, "InvalidBatchEntryId", kBadId},
           Row{{"a", "with space"}, "InvalidBatchEntryId", kBadId},
           Row{{"quote\""}, "InvalidBatchEntryId", kBadId},
           Row{{"a", "b", "a"}, "BatchEntryIdsNotDistinct", "Id a repeated."},
       }) {
    const auto checked = check_batch_ids(kSendBatch, ids);
    EXPECT_EQ(checked ? "" : checked.error().kind.type, error);
    EXPECT_EQ(checked ? "" : checked.error().message, sentence);
  }
}

std::string written(const BatchResults& results, Dialect dialect) {
  std::string body;
  Result out(body, dialect, "SendMessageBatch");
  results.write(out, [&](size_t entry) { out.number("Number", static_cast<int64_t>(entry)); });
  out.finish("r");
  return body;
}

TEST(BatchResults, ListsThatAreEmptyAreLeftOut) {
  const BatchResults good(kSendBatch, {"a"});
  EXPECT_EQ(written(good, Dialect::kJson), R"({"Successful":[{"Id":"a","Number":0}]})");
  BatchResults bad(kSendBatch, {"a"});
  bad.fail(0, {kInternalFailure, "why"});
  EXPECT_EQ(
      written(bad, Dialect::kJson),
      R"({"Failed":[{"Id":"a","SenderFault":false,"Code":"InternalError","Message":"why"}]})");
}

TEST(BatchResults, EntriesKeepTheirOrder) {
  BatchResults results(kSendBatch, {"a", "b", "c"});
  results.fail(1, {kOverLimit, "say \"why\""});
  EXPECT_EQ(written(results, Dialect::kJson),
            R"({"Successful":[{"Id":"a","Number":0},{"Id":"c","Number":2}],)"
            R"("Failed":[{"Id":"b","SenderFault":true,"Code":"OverLimit",)"
            R"("Message":"say \"why\""}]})");
}

TEST(BatchResults, EachListHasItsElementInXml) {
  BatchResults results(kDeleteBatch, {"a", "b"});
  results.fail(1, {kOverLimit, "why"});
  const std::string xml = written(results, Dialect::kXml);
  EXPECT_NE(xml.find("<SendMessageBatchResult><DeleteMessageBatchResultEntry><Id>a</Id>"
                     "<Number>0</Number></DeleteMessageBatchResultEntry><BatchResultErrorEntry>"
                     "<Id>b</Id><SenderFault>true</SenderFault><Code>OverLimit</Code>"
                     "<Message>why</Message></BatchResultErrorEntry></SendMessageBatchResult>"),
            std::string::npos)
      << xml;
}

TEST(LeaseRefusals, SayWhatTheServiceSays) {
  const std::string handle = encode_receipt({{1}, {2}, {3}});
  const auto sentence = [](queue::Refusal refusal, const std::string& of_handle) {
    return describe_lease(refusal, {.id = {}, .handle = of_handle, .visibility_seconds = 43'199})
        .message;
  };
  EXPECT_EQ(sentence(queue::Refusal::kForeignReceipt, "garbage"),
            "The input receipt handle \"garbage\" is not a valid receipt handle.");
  EXPECT_EQ(sentence(queue::Refusal::kForeignReceipt, handle),
            "The input receipt handle is invalid.");
  EXPECT_EQ(sentence(queue::Refusal::kNotInFlight, handle),
            "The message referred to is not in flight.");
  EXPECT_EQ(sentence(queue::Refusal::kNoMessage, handle),
            "Value " + handle +
                " for parameter ReceiptHandle is invalid. Reason: Message does not exist or is "
                "not available for visibility timeout change.");
  EXPECT_EQ(sentence(queue::Refusal::kLeaseExpired, handle),
            "Value " + handle +
                " for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.");
  EXPECT_EQ(describe_lease(queue::Refusal::kLeaseExpired,
                           {.id = "in a batch", .handle = handle, .visibility_seconds = {}})
                .message,
            "The receipt handle has expired");
  EXPECT_EQ(sentence(queue::Refusal::kLeaseTooLong, handle),
            "Value 43199 for parameter VisibilityTimeout is invalid. Reason: Total "
            "VisibilityTimeout for the message is beyond the limit [43200 seconds].");
}

}  // namespace
}  // namespace selvage::sqs
