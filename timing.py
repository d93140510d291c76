import sys,time,numpy as np
from spvrisk.config import load_study
from spvrisk.plan.compile import compile_study
import spvrisk; print(spvrisk.__file__)
plan,labels,book=compile_study(load_study('/work/main/configs/japan_us_2026.yaml',[]))
t=time.perf_counter()
import spvrisk.kernel.run as R
print('import',round(time.perf_counter()-t,2))
U=np.uint64
at,work=R.make_work(plan); leaf=R.make_leaf(plan,len(labels.series),False)
t=time.perf_counter()
R.run_paths(plan,at,work,leaf,U(1),U(0),U(0),U(64)); print('compile',round(time.perf_counter()-t,2))
for _ in range(7):
    leaf=R.make_leaf(plan,len(labels.series),False)
    t=time.perf_counter(); R.run_paths(plan,at,work,leaf,U(1),U(0),U(0),U(4096)); print('us/path %.2f'%((time.perf_counter()-t)/4096*1e6),end=' ',flush=True)
import hashlib; print(hashlib.sha256(leaf.values.tobytes()+leaf.partial.tobytes()).hexdigest()[:12])
