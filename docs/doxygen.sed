# SPDX-License-Identifier: ISC
# Our comments are plain; Doxygen wants them marked. It reads the headers through this. A file's
# first two lines, its licence and its purpose, become one comment.
1s,.*,/** @file,
2s,^/\* *, * ,
3,$s,^\( *\)/\*$,\1/**,
3,$s,^\( *\)/\* ,\1/** ,
s,\([;\,{]\)  */\* ,\1 /**< ,
