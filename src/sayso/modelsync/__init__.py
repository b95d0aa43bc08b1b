"""Model sync: the objects of a bucket as files on a volume, verified, published atomically, and never half.

Events of the bucket are hints; the bucket is asked before anything is done. A journal on the volume says what was done.
"""
