"""The language of study files, a module for each section: its models, then `checks`, then `warnings`.

`checks(parts)` finds what is wrong between a section and the others, `warnings(study, measure)` what is allowed but
probably not meant. What a clause needs of the language is in one of these modules.
"""

from spvrisk.config.study.root import Study

__all__ = ["Study"]
