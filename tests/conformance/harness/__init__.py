# SPDX-License-Identifier: Apache-2.0
"""What the files in cases/ use."""
from .cases import test
from .checks import between, binary, elapsed, equal, md5, md5_of_attributes, text, until
from .errors import CONTRACT, ConnectionLost, GaveUp, ServiceError, agrees
from .facade import Where, bodies, entries, handle_of, unique
