// SPDX-License-Identifier: Apache-2.0
#pragma once
// Certificates for tests, made once: signed by themselves, for "localhost" and 127.0.0.1, good for
// a hundred years from 2026-11 on. Their keys are public, so nobody may trust them.

namespace selvage::http {

struct TestCertificate {
  const char* name;  // the common name of its subject
  const char* certificate;
  const char* key;
};

inline constexpr TestCertificate kFirst = {"selvage test 1",
                                           R"(-----BEGIN CERTIFICATE-----
MIIBpjCCAUugAwIBAgIUcDOzN42YdsuYWL6oNn14eV+xoUAwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOc2VsdmFnZSB0ZXN0IDEwIBcNMjYxMTIyMTEzOTE5WhgPMjEy
NjEwMjkxMTM5MTlaMBkxFzAVBgNVBAMMDnNlbHZhZ2UgdGVzdCAxMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEHfx6oIJK5dBf915CCEoVED4ClFx9r/6OYn+RVgFf
YTBOwqS1Km/8hoeggYX88XOwTeoXyKzarPxuJUoXIpoTZ6NvMG0wHQYDVR0OBBYE
FGwWRNVPXAIPDGJC0BoTJj4gVz+JMB8GA1UdIwQYMBaAFGwWRNVPXAIPDGJC0BoT
Jj4gVz+JMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/
AAABMAoGCCqGSM49BAMCA0kAMEYCIQCQzMQxmDEE9ZRLGdoTX3fJZPXYp2Lz2Q7c
S3mBSd2skQIhAN0ZWmmM0STmhM9LytC1RV2DnTKrxjMC9h4fSs3YQvDO
-----END CERTIFICATE-----
)",
                                           R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXY3X0hdXofjdYo7q
v1BqXvHa+ieOpowHoZAwcVdmBhKhRANCAAQd/Hqggkrl0F/3XkIIShUQPgKUXH2v
/o5if5FWAV9hME7CpLUqb/yGh6CBhfzxc7BN6hfIrNqs/G4lShcimhNn
-----END PRIVATE KEY-----
)"};

inline constexpr TestCertificate kSecond = {"selvage test 2",
                                            R"(-----BEGIN CERTIFICATE-----
MIIBpDCCAUugAwIBAgIUeB92CDSEBN+DRkhwEyjdrVAGvVkwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOc2VsdmFnZSB0ZXN0IDIwIBcNMjYxMTIyMTEzOTE5WhgPMjEy
NjEwMjkxMTM5MTlaMBkxFzAVBgNVBAMMDnNlbHZhZ2UgdGVzdCAyMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEkWNcnDZ5UOy1Fkx0jmbduHt5TrnGZFSUFLyOsXkO
aATMlRpRi4SqHolswx73AgK2hzRIx0RiSSN73h53d5AbrKNvMG0wHQYDVR0OBBYE
FLa7KVfXi+03RAywetZTaoptmV5vMB8GA1UdIwQYMBaAFLa7KVfXi+03RAywetZT
aoptmV5vMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/
AAABMAoGCCqGSM49BAMCA0cAMEQCIEzDCkFi7H9Z209s8/g1S3s77R67/mzgFAmA
mSSbwb9LAiA4cdVGNvwYY8wQc0gjSVRcMVeerIZsJ0JNps/XiOuMfg==
-----END CERTIFICATE-----
)",
                                            R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggDAb47nPYlob72+c
uuHrxZYYrnpuJTAIHWO72KbpDgWhRANCAASRY1ycNnlQ7LUWTHSOZt24e3lOucZk
VJQUvI6xeQ5oBMyVGlGLhKoeiWzDHvcCAraHNEjHRGJJI3veHnd3kBus
-----END PRIVATE KEY-----
)"};

// The key of the first one behind a password.
inline constexpr const char* kLockedKey = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjhBuwZizUcpwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHj8VSpjCVmfuB2r3jxjdEYEgZBe
QHlAsmfhE+gjTl+SrnOXNkZuonm1qwe0YULtjFucokm8nSC3oH7fR9Xu46bGkcDW
Ln64MeZN/2e6L9+v6/+cmRghRvULb7vNz+Gme+GJmr5XVmWLa/eR2V8WexKTX2Ak
Fjy/GdTP76cGpPeQMuwEtKZXBvOTO1KegTVpVhZ7MjTW4pnJc20plX9qeHQI69k=
-----END ENCRYPTED PRIVATE KEY-----
)";

// Of another kind (Ed25519) than the keys of the certificates.
inline constexpr const char* kForeignKey = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIHcZZ+qSxj15Oyf9II2OLXxfh35/aZXVMapECeGx9d2
-----END PRIVATE KEY-----
)";

}  // namespace selvage::http
